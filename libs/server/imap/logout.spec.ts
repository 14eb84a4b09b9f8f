import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { it } from 'node:test';
import { legConnection } from '#connection';
import { MemoryMailStore } from '#mailstore/memory';
import { FRAME_DATA, FrameReader, frameHeader } from '#protocol/handover';
import { messageParser } from '#protocol/message';
import { silentLogger, systemClock, systemContext } from '#stdx';
import { ImapSession } from './session.ts';

it('a session that logged out leaves no mark behind its goodbye, so that the hub lets the client go', async () => {
  const store = new MemoryMailStore({ parse: messageParser, clock: systemClock, volumeId: 'v', epoch: 1 });
  const account = { accountId: 'a', email: 'a@x.test', partnerId: 'p', quotaBytes: 0 };
  const shared = { store, account, context: systemContext('test'), clock: systemClock, logger: silentLogger };
  const server = createServer((socket) => {
    void new ImapSession({ ...shared, connection: legConnection(socket), greeting: { tag: 'l1' } }).run();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const leg = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const seen: string[] = [];
  const frames = new FrameReader(
    (piece) => seen.push(Buffer.from(piece).toString('latin1')),
    () => seen.push('MARK'),
  );
  leg.on('data', (chunk: Buffer) => frames.push(chunk));
  const say = (text: string): void => {
    leg.write(Buffer.concat([frameHeader(FRAME_DATA, text.length), Buffer.from(text)]));
  };
  await once(leg, 'data');
  say('n1 NOOP\r\n');
  say('o1 LOGOUT\r\n');
  await once(leg, 'close');
  server.close();
  assert.match(seen.join(''), /MARK.*o1 OK LOGOUT completed\r\n$/s);
});
