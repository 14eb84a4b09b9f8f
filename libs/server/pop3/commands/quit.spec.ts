import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { until } from '#testing';
import { CONTEXT, message, pop3World } from '../fixture.test.ts';

const five = ['1', '2', '3', '4', '5'].map((subject) => message(subject));

describe('QUIT', () => {
  it('deletes what is marked, all at once', async () => {
    const world = await pop3World(five);
    const client = await world.client();
    for (const number of [5, 1, 2]) await client.ok(`DELE ${number}`);
    const before = (await world.store.mailbox(CONTEXT, 'a1', 'INBOX')).modSeq;
    await world.append(message('late'));
    assert.equal(await client.ok('QUIT'), 'Goodbye');
    assert.equal(await client.line(), null);
    assert.deepEqual(await world.uids(), [3, 4, 6]);
    assert.equal((await world.store.mailbox(CONTEXT, 'a1', 'INBOX')).modSeq, before + 2);
  });

  it('alone deletes: a connection that is lost does not', async () => {
    const world = await pop3World(five);
    const client = await world.client();
    await client.ok('DELE 1');
    client.close();
    const next = await world.client();
    assert.equal((await next.list('LIST')).length, 5);
    assert.deepEqual(world.errors, []);
  });

  it('ends the session even where deleting fails', async () => {
    const world = await pop3World(five);
    const client = await world.client();
    await client.ok('DELE 1');
    await world.store.removeAccount(CONTEXT, 'a1');
    assert.match(await client.command('QUIT'), /^-ERR \[SYS\/TEMP\]/);
    assert.equal(await client.line(), null);
  });

  it('leaves the maildrop to the next one', async () => {
    const world = await pop3World(five);
    const client = await world.client();
    const next = world.begin();
    await client.ok('QUIT');
    let greeting: string | null = '';
    void next.line().then((line) => {
      greeting = line;
    });
    await until('the next client to be let in', () => greeting === '+OK Logged in');
  });
});
