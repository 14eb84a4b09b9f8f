import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { message, pop3World } from '../fixture.test.ts';

describe('DELE', () => {
  it('marks, and leaves the numbers of the others alone', async () => {
    const world = await pop3World([message('one'), message('two')]);
    const client = await world.client();
    await client.ok('DELE 1');
    assert.equal(await client.command('DELE 1'), '-ERR This message is deleted');
    assert.match(await client.ok('LIST 2'), /^2 /);
    assert.deepEqual(await world.uids(), [1, 2]);
  });

  for (const text of ['DELE', 'DELE 2', 'DELE 0', 'DELE x', 'DELE 1 1'])
    it(`refuses ${text}`, async () => {
      const client = await (await pop3World([message('x')])).client();
      assert.match(await client.command(text), /^-ERR/);
    });
});
