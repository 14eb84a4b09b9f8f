import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { until } from '#testing';
import { CONTEXT, message, pop3World } from './fixture.test.ts';

const two = [message('one'), message('two')];

describe('a POP3 session', () => {
  it('answers what is sent at once, in order', async () => {
    const client = await (await pop3World(two)).client();
    client.send('STAT\r\nDELE 1\r\nLIST 1\r\nRETR 2\nNOOP\r\n');
    const lines: (string | null)[] = [];
    while (lines.at(-1) !== '+OK Still here') lines.push(await client.line());
    assert.deepEqual(
      [...lines.slice(0, 3), lines.at(-2)],
      [`+OK 2 ${two.join('').length}`, '+OK Marked to be deleted', '-ERR This message is deleted', '.'],
    );
  });

  it('ends after too many commands that are none', async () => {
    const client = await (await pop3World([], { badCommandsMax: 3 })).client();
    for (let i = 0; i < 3; i++) assert.equal(await client.command('XYZZY'), '-ERR Unknown command');
    assert.match((await client.line()) ?? '', /^-ERR/);
    assert.equal(await client.line(), null);
  });

  it('ends when nothing is heard, and deletes nothing', async () => {
    const world = await pop3World(two, { idleTimeoutMs: 600_000 });
    const client = await world.client();
    await world.clock.advance(400_000);
    await client.ok('DELE 1');
    await world.clock.advance(599_000);
    await client.ok('NOOP');
    await world.clock.advance(601_000);
    assert.match((await client.line()) ?? '', /^-ERR Nothing heard/);
    assert.equal(await client.line(), null);
    assert.deepEqual(await world.uids(), [1, 2]);
  });
});

describe('the maildrop', () => {
  it('is waited for while another client is at work, then refused', async () => {
    const world = await pop3World(two, { lockIdleMs: 20_000, lockWaitMs: 10_000 });
    const first = await world.client();
    const second = world.begin();
    await world.clock.advance(9_000);
    await first.ok('NOOP');
    await world.clock.advance(1_001);
    assert.match((await second.line()) ?? '', /^-ERR \[IN-USE\]/);
    assert.equal(await second.line(), null);
    await first.ok('NOOP');
  });

  it('is taken from a client that is silent, whose marks then count for nothing', async () => {
    const world = await pop3World(two, { lockIdleMs: 20_000, lockWaitMs: 10_000 });
    const first = await world.client();
    await first.ok('DELE 1');
    await world.clock.advance(15_000);
    const second = world.begin();
    await world.clock.advance(5_001);
    assert.equal(await second.line(), '+OK Logged in');
    assert.match((await first.line()) ?? '', /^-ERR \[IN-USE\]/);
    assert.equal(await first.line(), null);
    assert.equal((await second.list('LIST')).length, 2);
  });

  it('is taken from a client that takes nothing of an answer', async () => {
    const world = await pop3World([message('large', 'x'.repeat(900_000))], { lockIdleMs: 20_000 });
    const first = await world.client();
    first.stream.pause();
    first.send('RETR 1\r\n');
    await world.clock.advance(20_001);
    assert.equal(await (await world.begin()).line(), '+OK Logged in');
    assert.deepEqual(world.errors, []);
  });
});

describe('a POP3 session on a leg', () => {
  it('goes on elsewhere with the same numbers and marks', async () => {
    const world = await pop3World([...two, message('three'), message('four')]);
    const before = await world.leg();
    const ids = await before.client.list('UIDL');
    await before.client.ok('DELE 2');
    const { answered, state } = before.mark();
    assert.equal(answered, 2);
    assert.equal(before.bytesSinceMark(), 0);
    before.client.close();
    await world.append(message('late'));
    await world.store.expunge(CONTEXT, world.ref, [{ first: 1, last: 1 }], { any: true });
    const after = await world.leg(state);
    assert.deepEqual(await after.client.list('UIDL'), [ids[2], ids[3]]);
    assert.equal(await after.client.command('RETR 1'), '-ERR This message is gone');
    assert.equal(await after.client.command('DELE 2'), '-ERR This message is deleted');
    await after.client.ok('QUIT');
    assert.deepEqual(await world.uids(), [3, 4, 5]);
  });

  it('leaves with its volume without a word', async () => {
    const world = await pop3World(two);
    const { client, session, bytesSinceMark } = await world.leg();
    session.leave();
    assert.equal(await client.line(), null);
    assert.equal(bytesSinceMark(), 0);
  });

  it('says why it does not go on', async () => {
    const world = await pop3World(two);
    const { mark } = await world.leg();
    const state = JSON.parse(Buffer.from(mark().state).toString());
    state[2] += 1;
    await world.clock.advance(20_001);
    const after = await world.leg(Buffer.from(JSON.stringify(state)));
    assert.match((await after.client.line()) ?? '', /^-ERR \[SYS\/TEMP\]/);
    assert.equal(await after.client.line(), null);
  });

  it('ends with QUIT, and nobody goes on with it', async () => {
    const world = await pop3World(two);
    const leg = await world.leg();
    await leg.client.ok('QUIT');
    await until('the leg to end', () => leg.bytesSinceMark() > 0);
    assert.equal(leg.mark().answered, 0);
  });
});
