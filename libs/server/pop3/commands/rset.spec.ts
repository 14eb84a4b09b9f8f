import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { message, pop3World } from '../fixture.test.ts';

describe('RSET', () => {
  it('takes every mark back', async () => {
    const world = await pop3World([message('one'), message('two')]);
    const client = await world.client();
    await client.ok('DELE 1');
    await client.ok('DELE 2');
    await client.ok('RSET');
    assert.equal((await client.list('LIST')).length, 2);
    await client.ok('QUIT');
    assert.deepEqual(await world.uids(), [1, 2]);
  });
});
