import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { message, pop3World } from '../fixture.test.ts';

describe('STAT', () => {
  it('counts messages and octets, less what is marked', async () => {
    const texts = [message('one'), message('two', 'longer\r\n')];
    const client = await (await pop3World(texts)).client();
    assert.equal(await client.ok('STAT'), `2 ${texts.join('').length}`);
    await client.ok('DELE 1');
    assert.equal(await client.ok('stat'), `1 ${texts[1]?.length}`);
  });

  it('of nothing', async () => {
    const client = await (await pop3World([])).client();
    assert.equal(await client.ok('STAT'), '0 0');
    assert.match(await client.command('STAT 1'), /^-ERR/);
  });
});
