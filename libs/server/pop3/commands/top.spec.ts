import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { message, pop3World } from '../fixture.test.ts';
import { BodyLineLimit } from '../top-lines.ts';

const HEAD = ['From: Bob <bob@example.test>', 'Subject: x', ''];
const BODY = ['one', '.two', '', 'four'];

describe('TOP', () => {
  for (const [lines, body] of [
    [0, []],
    [1, ['one']],
    [3, ['one', '.two', '']],
    [4, BODY],
    [400, BODY],
  ] as const)
    it(`${lines} lines`, async () => {
      const client = await (await pop3World([message('x', `${BODY.join('\r\n')}\r\n`)])).client();
      assert.deepEqual(await client.list(`TOP 1 ${lines}`), [...HEAD, ...body]);
      await client.ok('NOOP');
    });

  it('of a message that is nothing but header', async () => {
    const client = await (await pop3World(['Subject: x\r\n'])).client();
    assert.deepEqual(await client.list('TOP 1 5'), ['Subject: x']);
  });

  for (const text of ['TOP', 'TOP 1', 'TOP 1 x', 'TOP 1 -1', 'TOP 1 2 3', 'TOP 2 0'])
    it(`refuses ${text}`, async () => {
      const client = await (await pop3World([message('x')])).client();
      assert.match(await client.command(text), /^-ERR/);
    });

  it('cuts the same wherever the bytes are cut', () => {
    const text = Buffer.from(`A: b\r\nC: d\r\n\r\n${BODY.join('\r\n')}\r\n`);
    const cut = (size: number, lines: number): string => {
      const limit = new BodyLineLimit(lines);
      let got = '';
      for (let at = 0; at < text.length && !limit.reached; at += size)
        got += limit.take(text.subarray(at, at + size)).toString();
      return got;
    };
    for (let lines = 0; lines < 6; lines++)
      for (let size = 1; size < text.length; size++) assert.equal(cut(size, lines), cut(1_000, lines));
  });
});
