import {
  CarrierFrame,
  CarrierReader,
  carrierFrame,
  decodeCarrierHello,
  decodeCredit,
  decodeHubRequest,
  decodeMark,
  decodeMessageOrigin,
  decodeOpening,
  decodePreface,
  decodePrefaceReply,
  decodeRecipientRoute,
  decodeRpcReply,
  decodeRpcRequest,
  encodePreface,
  readTransferEnd,
} from '#protocol/handover';
import { cut, heap, mutated, pick, tolerating } from '../inputs.ts';
import type { FuzzTarget } from '../target.ts';

const KEY = Buffer.alloc(32, 7);
const PREFACE = Buffer.from(encodePreface({ kind: 'rpc', hub: 'h', issuedAt: 1, nonce: 'n' }, KEY));
const LINES = [
  '{"ok":true}',
  '{"id":1,"method":"account","params":{}}',
  '{"ok":false,"code":"STALE"}',
  '[]',
  'null',
  '"x"',
].map((line) => Buffer.from(line));
const JSON_PIECES = ['{', '}', '"', ':', ',', 'null', 'true', '1e999', '[', ']', '\\u0000', '__proto__', '\0', '\xff'];
const FRAMES = [
  ...Object.values(CarrierFrame).map((type) =>
    carrierFrame(type, type <= CarrierFrame.PONG ? 0 : 1, Buffer.from('abcdefghijkl')).toString('latin1'),
  ),
  ...['\0\0\0\x09\0\0\0\x01', '\xff\xff\xff\x05\0\0\0\x01', '\0\0\x01\x63\0\0\0\x01x', '\0', 'a'],
];

export const HANDOVER_TARGETS: readonly FuzzTarget[] = [
  {
    name: 'handover frames',
    check(random) {
      const decoders = [decodeMark, decodeHubRequest, decodeOpening, decodeCarrierHello, decodeCredit];
      const reader = new CarrierReader({
        data() {},
        frame: (_type, _channel, payload) => {
          for (const decode of decoders) tolerating([RangeError], () => decode(payload));
        },
      });
      tolerating([RangeError], () => {
        for (const chunk of cut(random, heap(random, FRAMES, 10))) reader.push(chunk);
      });
    },
  },
  {
    name: 'handover lines',
    check(random) {
      decodePreface(mutated(random, PREFACE, ['.', ' ', '=', '\r\n', 'A', '\0']).toString('latin1'), KEY, 1);
      const line = mutated(random, pick(random, LINES), JSON_PIECES).toString('latin1');
      for (const decode of [readTransferEnd, decodeRpcReply, decodeRpcRequest]) decode(line);
      tolerating([Error], () => decodePrefaceReply(line));
      tolerating([Error], () => decodeRecipientRoute(line));
      tolerating([Error], () => decodeMessageOrigin(line));
    },
  },
];
