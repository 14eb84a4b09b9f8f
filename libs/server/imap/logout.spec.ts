import assert from 'node:assert/strict';
import { it } from 'node:test';
import { MemoryMailStore } from '#mailstore/memory';
import { messageParser } from '#protocol/message';
import { silentLogger, systemClock, systemContext } from '#stdx';
import { legPair, listenTo, until } from '#testing';
import { ImapSession } from './session.ts';

it('a session that logged out leaves no mark behind its goodbye, so that the hub lets the client go', async () => {
  const store = new MemoryMailStore({ parse: messageParser, clock: systemClock, volumeId: 'v', epoch: 1 });
  const account = { accountId: 'a', email: 'a@x.test', partnerId: 'p', quotaBytes: 0 };
  const shared = { store, account, context: systemContext('test'), clock: systemClock, logger: silentLogger };
  const { connection, channel } = await legPair();
  void new ImapSession({ ...shared, connection, greeting: { tag: 'l1' } }).run();
  const seen: string[] = [];
  const { ended } = listenTo(channel, {
    data: (bytes) => void seen.push(bytes.toString('latin1')),
    mark: () => void seen.push('MARK'),
  });
  await until('the greeting', () => seen.length > 0);
  channel.write(Buffer.from('n1 NOOP\r\n'));
  channel.write(Buffer.from('o1 LOGOUT\r\n'));
  await ended;
  assert.match(seen.join(''), /MARK.*o1 OK LOGOUT completed\r\n$/s);
});
