import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { message, pop3World } from '../fixture.test.ts';

describe('UIDL', () => {
  it('is the same in every session, whatever is deleted before', async () => {
    const world = await pop3World([message('one'), message('two'), message('three')]);
    const first = await world.client();
    const ids = await first.list('UIDL');
    assert.equal(new Set(ids.map((line) => line.split(' ')[1])).size, 3);
    for (const line of ids) assert.match(line, /^\d [\x21-\x7e]{1,70}$/);
    assert.equal(await first.ok('UIDL 2'), ids[1]);
    await first.ok('DELE 1');
    assert.deepEqual(await first.list('UIDL'), ids.slice(1));
    await first.ok('QUIT');
    const second = await world.client();
    assert.deepEqual(
      await second.list('UIDL'),
      ids.slice(1).map((line, i) => `${i + 1} ${line.split(' ')[1]}`),
    );
  });

  it('refuses a number that is none', async () => {
    const client = await (await pop3World([])).client();
    assert.equal(await client.command('UIDL 1'), '-ERR No such message');
    assert.deepEqual(await client.list('UIDL'), []);
  });
});
