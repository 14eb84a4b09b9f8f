import assert from 'node:assert/strict';
import { duplexPair } from 'node:stream';
import { describe, it } from 'node:test';
import { streamConnection } from '#connection';
import { MailStoreError } from '#mailstore/api';
import { MemoryMailStore } from '#mailstore/memory';
import { messageParser } from '#protocol/message';
import { silentLogger, systemContext } from '#stdx';
import { legPair, listenTo, SimulatedClock, until } from '#testing';
import { ManageSieveSession } from './session.ts';

const account = { accountId: 'a', email: 'a@x.test', partnerId: 'p', quotaBytes: 0 };

/** A session behind a hub: what it sent, with `<mark n>` for marks, and a way to say something. */
async function behindHub(greeting: 'signedIn' | 'resumed' = 'signedIn') {
  const clock = new SimulatedClock();
  const store = new MemoryMailStore({ parse: messageParser, clock });
  const { connection, channel } = await legPair();
  const shared = { store, account, context: systemContext('test'), clock, logger: silentLogger };
  const session = new ManageSieveSession({ ...shared, connection, greeting });
  let seen = '';
  const see = (text: string): void => {
    seen += text;
  };
  const { ended } = listenTo(channel, {
    data: (bytes) => see(bytes.toString()),
    mark: (mark) => see(`<mark ${mark.readUInt32BE(0)}>`),
    request: () => see('<request>'),
  });
  void session.run();
  return {
    ...{ session, store, clock, ended, seen: () => seen },
    say: (text: string) => channel.write(Buffer.from(text)),
  };
}

describe('a session behind a hub', () => {
  it('marks each answer, and the sign-in', async () => {
    const { say, seen, session, ended } = await behindHub();
    say('NOOP\r\nLISTSCRIPTS\r\n');
    await until('two answers', () => seen().includes('listed'));
    session.leave();
    await ended;
    assert.equal(
      seen(),
      'OK "Signed in"\r\n<mark 0>OK "Done"\r\n<mark 1>OK "Scripts listed"\r\n<mark 2>',
      'and leaves without a word: the next owner goes on',
    );
  });

  it('goes on silently', async () => {
    const { say, seen, session, ended } = await behindHub('resumed');
    say('NOOP\r\n');
    await until('the answer', () => seen().includes('Done'));
    session.leave();
    await ended;
    assert.equal(seen(), '<mark 0>OK "Done"\r\n<mark 1>');
  });

  it('does not answer what the leaving volume refuses', async () => {
    const { say, seen, store, ended } = await behindHub();
    store.scripts.list = () => Promise.reject(new MailStoreError('stale'));
    say('LISTSCRIPTS\r\n');
    await ended;
    assert.equal(seen(), 'OK "Signed in"\r\n<mark 0>');
  });

  it('leaves no mark behind its goodbye', async () => {
    const { say, seen, ended } = await behindHub();
    say('LOGOUT\r\n');
    await ended;
    assert.equal(seen(), 'OK "Signed in"\r\n<mark 0>OK "Goodbye"\r\n');
  });

  it('ends when nothing is heard for long', async () => {
    const { clock, seen, ended } = await behindHub();
    await until('the greeting', () => seen() !== '');
    await clock.advance(30 * 60_000);
    await ended;
    assert.match(seen(), /BYE "Nothing heard for too long"\r\n$/);
  });
});

it('a client of our own is told when the volume leaves', async () => {
  const clock = new SimulatedClock();
  const store = new MemoryMailStore({ parse: messageParser, clock });
  const [near, far] = duplexPair();
  const shared = { store, account, context: systemContext('test'), clock, logger: silentLogger };
  const connection = streamConnection(far);
  const session = new ManageSieveSession({ ...shared, connection, greeting: 'signedIn' });
  let seen = '';
  near.on('data', (chunk: Buffer) => (seen += chunk));
  const running = session.run();
  session.leave();
  await running;
  await until('the goodbye', () => seen.includes('BYE'));
  assert.match(seen, /^OK "Signed in"\r\nBYE \(TRYLATER\) "Connect again"\r\n$/);
});
