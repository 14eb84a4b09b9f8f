import assert from 'node:assert/strict';
import { SASL_MECHANISMS, saslPrep } from '#protocol/sasl';
import {
  DataReader,
  parseCommandLine,
  parseForwardPath,
  parseNotify,
  parseOriginalRecipient,
  parseReversePath,
  parseXtext,
  ReplyReader,
  ReplySyntaxError,
  SmtpRefusal,
} from '#protocol/smtp';
import type { Random } from '#stdx';
import { cut, heap, mutated, pick, tolerating } from '../inputs.ts';
import type { FuzzTarget } from '../target.ts';

const PATHS = [
  ...['FROM:<a@x.test> SIZE=1 BODY=8BITMIME', 'TO:<"q u"@[127.0.0.1]> ORCPT=rfc822;a+20b NOTIFY=NEVER', 'FROM:<>'],
  ...['TO:<@r:b@y.test>', 'TO:<postmaster>', 'FROM:<é@例え.jp> SMTPUTF8', 'TO:<a@[IPv6:::1]>'],
].map((text) => Buffer.from(text));
const PATH_PIECES = ['<', '>', '@', '"', '\\', ' ', '.', ':', '=', '[', ']', '\0', '\r', 'é', '+', 'x'.repeat(70)];
const DATA_PIECES = ['\r\n', '\r\n.\r\n', '\n.\n', '\n.\r\n', '\r.\r', '.', '..', 'text', '\r', '\n', '\0'];
const REPLY_PIECES = ['250 ', '250-', '2.1.0 ', '\r\n', '\n', 'ok', '999', '25', '\0', '-', '421 x\r\n'];
const SASL_SEEDS = [
  ...['\0ann\0secret', 'ann', 'n,,n=ann,r=abc', 'p=tls-exporter,,n=ann,r=abc', 'c=biws,r=abc,p=AAAA'],
  ...['n,a=ann,\x01auth=Bearer t\x01\x01', 'user=ann\x01auth=Bearer t\x01\x01'],
].map((text) => Buffer.from(text, 'latin1'));
const SASL_PIECES = ['\0', ',', '=', 'n', 'r=', 'p=', '\x01', 'é', '\xff', '=2C', '=3', 'a'];

export const SMTP_TARGETS: readonly FuzzTarget[] = [
  {
    name: 'smtp commands',
    check(random) {
      const text = mutated(random, pick(random, PATHS), PATH_PIECES);
      tolerating([SmtpRefusal], () => parseCommandLine(Buffer.concat([Buffer.from('MAIL '), text])));
      for (const parse of [parseReversePath, parseForwardPath]) tolerating([SmtpRefusal], () => parse(text.toString()));
      for (const parse of [parseXtext, parseNotify, parseOriginalRecipient]) parse(text.toString('latin1'));
    },
  },
  {
    name: 'smtp data',
    check(random) {
      const bytes = heap(random, DATA_PIECES, 20);
      const whole = readData([bytes]);
      // However the network cuts it, the same is content and the same is the end.
      assert.deepEqual(readData(cut(random, bytes)), whole);
      const end = bytes.indexOf('\r\n.\r\n');
      assert.equal(
        whole.taken,
        bytes.indexOf('.\r\n') === 0 ? 3 : end < 0 ? bytes.length : end + 5,
        'only CRLF.CRLF ends it',
      );
    },
  },
  {
    name: 'smtp replies',
    check(random) {
      const reader = new ReplyReader(() => {});
      tolerating([ReplySyntaxError], () => {
        for (const chunk of cut(random, heap(random, REPLY_PIECES, 14))) reader.push(chunk);
      });
    },
  },
  { name: 'sasl exchanges', check: fuzzSasl },
];

function readData(chunks: Iterable<Buffer>): { readonly content: string; readonly taken: number } {
  const pieces: Buffer[] = [];
  const reader = new DataReader('normalise', true, (piece) => pieces.push(Buffer.from(piece)));
  let taken = 0;
  for (const chunk of chunks) {
    if (reader.ended) break;
    taken += reader.push(chunk);
  }
  return { content: Buffer.concat(pieces).toString('latin1'), taken };
}

/** A few answers, right or wrong, to whatever a mechanism asks: it ends or asks on, and never says who nobody is. */
function fuzzSasl(random: Random): void {
  const answer = (): Buffer => mutated(random, pick(random, SASL_SEEDS), SASL_PIECES);
  saslPrep(answer().toString());
  for (const mechanism of SASL_MECHANISMS) {
    const exchange = mechanism.start({
      random,
      channelBindings: new Map([['tls-exporter', Buffer.alloc(32, 1)]]),
      offeredChannelBinding: true,
      decoySecret: Buffer.alloc(32, 2),
    });
    let step = exchange.step(random.fraction() < 0.3 ? null : answer());
    for (let round = 0; round < 4; round++) {
      if (step.kind === 'challenge') step = exchange.step(answer());
      else if (step.kind === 'keys') step = step.supply(null);
      else if (step.kind === 'token') step = step.refuse({ status: 'invalid_token' });
      else break;
    }
    assert.notEqual(step.kind, 'authenticated');
  }
}
