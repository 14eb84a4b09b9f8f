import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { message, pop3World } from '../fixture.test.ts';

describe('LIST', () => {
  it('says sizes, of all and of one', async () => {
    const texts = [message('one'), message('two', 'longer\r\n'), message('three')];
    const client = await (await pop3World(texts)).client();
    await client.ok('DELE 1');
    assert.deepEqual(await client.list('LIST'), [`2 ${texts[1]?.length}`, `3 ${texts[2]?.length}`]);
    assert.equal(await client.ok('LIST 2'), `2 ${texts[1]?.length}`);
  });

  for (const [text, answer] of [
    ['LIST 1', '-ERR This message is deleted'],
    ['LIST 3', '-ERR No such message'],
    ['LIST 0', '-ERR Messages are counted from 1'],
    ['LIST -1', '-ERR A number is wanted'],
    ['LIST 99999999999', '-ERR A number is wanted'],
    ['LIST 1 2', "-ERR A message's number is wanted"],
  ] as const)
    it(`${text}: ${answer}`, async () => {
      const client = await (await pop3World([message('one'), message('two')])).client();
      await client.ok('DELE 1');
      assert.equal(await client.command(text), answer);
    });

  it('of very many', async () => {
    const world = await pop3World(Array.from({ length: 5_000 }, (_, i) => message(`m${i}`)));
    const client = await world.client();
    const lines = await client.list('LIST');
    assert.equal(lines.length, 5_000);
    assert.match(lines[4_999] ?? '', /^5000 \d+$/);
  });
});
