import assert from 'node:assert/strict';
import { duplexPair } from 'node:stream';
import { describe, it } from 'node:test';
import { legConnection, streamConnection } from '#connection';
import type { MailStore } from '#mailstore/api';
import { FRAME_DATA, FrameReader, frameHeader } from '#protocol/handover';
import { deferred, silentLogger } from '#stdx';
import { until } from '#testing';
import { ACCOUNT, CONTEXT, imapWorld } from './fixture.test.ts';
import { ImapSession } from './session.ts';

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
  const [near, far] = duplexPair();
  const seen = { text: '', marks: 0, ended: false };
  const take = (piece: Uint8Array): void => {
    seen.text += Buffer.from(piece).toString();
  };
  const frames = new FrameReader(take, () => seen.marks++);
  near.on('data', (chunk: Buffer) => (behindHub ? frames.push(chunk) : take(chunk)));
  near.on('end', () => {
    seen.ended = true;
  });
  const connection = behindHub ? legConnection(far) : streamConnection(far);
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
  const send = (line: string): void => {
    if (behindHub) near.write(frameHeader(FRAME_DATA, line.length));
    near.write(line);
  };
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
