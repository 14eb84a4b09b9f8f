import assert from 'node:assert/strict';
import { duplexPair } from 'node:stream';
import { describe, it } from 'node:test';
import { type ClientConnection, streamConnection } from '#connection';
import type { MailStore } from '#mailstore/api';
import { deferred, silentLogger } from '#stdx';
import { legPair, listenTo, until } from '#testing';
import { ACCOUNT, CONTEXT, imapWorld } from './fixture.test.ts';
import { ImapSession } from './session.ts';

interface Seen {
  text: string;
  marks: number;
  ended: boolean;
}

interface Side {
  readonly connection: ClientConnection;
  send(line: string): void;
}

async function legOf(seen: Seen): Promise<Side> {
  const { connection, channel } = await legPair();
  listenTo(channel, {
    data: (bytes) => {
      seen.text += bytes.toString();
    },
    mark: () => {
      seen.marks++;
    },
    ended: () => {
      seen.ended = true;
    },
  });
  return { connection, send: (line) => void channel.write(Buffer.from(line)) };
}

function clientOf(seen: Seen): Side {
  const [near, far] = duplexPair();
  near.on('data', (chunk: Buffer) => {
    seen.text += chunk.toString();
  });
  near.on('end', () => {
    seen.ended = true;
  });
  return { connection: streamConnection(far), send: (line) => void near.write(line) };
}

/** A session whose CREATE waits at `gate`, behind a hub's leg or before a client of its own. */
async function world(behindHub: boolean) {
  const { store, clock } = imapWorld();
  const gate = deferred();
  const slow = new Proxy<MailStore>(store, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]): unknown =>
        property === 'createMailbox'
          ? gate.promise.then(() => Reflect.apply(value, target, args))
          : Reflect.apply(value, target, args);
    },
  });
  const seen = { text: '', marks: 0, ended: false };
  const { connection, send } = await (behindHub ? legOf(seen) : clientOf(seen));
  const session = new ImapSession({
    store: slow,
    context: CONTEXT,
    account: ACCOUNT,
    connection,
    greeting: 'preauth',
    clock,
    logger: silentLogger,
  });
  void session.run();
  await until('the greeting', () => seen.text.includes('PREAUTH'));
  return { session, store, seen, send, gate };
}

describe('a session whose volume leaves', () => {
  it('ends at once, and in silence behind a hub, while nothing is at work', async () => {
    const { session, seen } = await world(true);
    const before = seen.text;
    session.leave();
    await until('the end', () => seen.ended);
    assert.deepEqual([seen.text, seen.marks], [before, 1]);
  });

  it('ends an IDLE without a word', async () => {
    const { session, seen, send } = await world(true);
    send('a IDLE\r\n');
    await until('idling', () => seen.text.includes('+ '));
    const before = seen.text;
    session.leave();
    await until('the end', () => seen.ended);
    assert.equal(seen.text, before);
  });

  it('answers and marks the command at work first, and begins none of those behind it', async () => {
    const { session, seen, send, store, gate } = await world(true);
    send('a CREATE one\r\nb CREATE two\r\n');
    await new Promise((resolve) => setImmediate(resolve));
    session.leave();
    gate.resolve();
    await until('the end', () => seen.ended);
    assert.match(seen.text, /^a OK /m);
    assert.doesNotMatch(seen.text, /^b /m);
    const names = (await store.mailboxes(CONTEXT, ACCOUNT.accountId)).map(({ name }) => name);
    assert.deepEqual([names.includes('one'), names.includes('two')], [true, false]);
    assert.equal(seen.marks, 2, 'the greeting’s and the answer’s');
  });

  it('tells a client of its own to come back', async () => {
    const { session, seen } = await world(false);
    session.leave();
    await until('the end', () => seen.ended);
    assert.match(seen.text, /\* BYE \[UNAVAILABLE\]/);
  });
});
