import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '#stdx';
import { ACCOUNT, imapWorld } from '../fixture.test.ts';

describe('BINARY of a part too large to be held', () => {
  it('is streamed, whole and in pieces', async () => {
    const payload = seededRandom(5).bytes(700_000);
    const lines = payload.toString('base64').replace(/.{76}/g, '$&\r\n');
    const { client: connect, errors } = imapWorld({}, { ...ACCOUNT, quotaBytes: 0 });
    const client = await connect();
    await client.append('INBOX', `Subject: x\r\nContent-Transfer-Encoding: base64\r\n\r\n${lines}\r\n`);
    await client.ok('SELECT INBOX');
    const fetched = async (item: string): Promise<string> => (await client.ok(`FETCH 1 (${item})`)).join();
    assert.equal(await fetched('BINARY.SIZE[1]'), '1 FETCH (BINARY.SIZE[1] 700000)');
    for (const [item, start, end] of [
      ['BINARY.PEEK[1]', 0, 700_000],
      ['BINARY.PEEK[1]<200000.300000>', 200_000, 500_000],
      ['BINARY.PEEK[1]<699990.100>', 699_990, 700_000],
    ] as const) {
      const expected = payload.subarray(start, end);
      const answer = await fetched(item);
      assert.match(
        answer.slice(0, 60),
        new RegExp(`^1 FETCH \\(BINARY\\[1\\](<${start}>)? ~\\{${expected.length}\\}\r\n`),
      );
      // The client reads text: compared as such.
      assert.ok(answer.endsWith(`${expected.toString('utf8')})`), item);
    }
    assert.deepEqual(errors, []);
  });
});
