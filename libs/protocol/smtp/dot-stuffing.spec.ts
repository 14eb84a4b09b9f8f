import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DotStuffer } from '#protocol/message';
import { seededRandom } from '#stdx';
import { DataReader } from './data-reader.ts';

function stuff(text: string, cuts: readonly number[] = []): string {
  const out: Buffer[] = [];
  const stuffer = new DotStuffer((piece) => out.push(Buffer.from(piece)));
  const bytes = Buffer.from(text, 'latin1');
  let from = 0;
  for (const to of [...cuts, bytes.length]) {
    stuffer.push(bytes.subarray(from, to));
    from = to;
  }
  stuffer.finish();
  return Buffer.concat(out).toString('latin1');
}

describe('DotStuffer', () => {
  const rows: readonly [string, string][] = [
    ['', '.\r\n'],
    ['a\r\n', 'a\r\n.\r\n'],
    ['a', 'a\r\n.\r\n'],
    ['.', '..\r\n.\r\n'],
    ['.a\r\n.\r\n..\r\n', '..a\r\n..\r\n...\r\n.\r\n'],
    ['a\n.\nb', 'a\r\n..\r\nb\r\n.\r\n'],
    ['a\r.\rb', 'a . b\r\n.\r\n'],
    ['a\r', 'a \r\n.\r\n'],
    ['a\r\r\n.\r\n', 'a \r\n..\r\n.\r\n'],
    ['\n.\r\n', '\r\n..\r\n.\r\n'],
  ];
  for (const [text, expected] of rows) it(JSON.stringify(text), () => assert.equal(stuff(text), expected));

  it('is undone by the reader, however it is cut, and ends the data only at its end', () => {
    const random = seededRandom(11);
    const pieces = ['a', '.', '..', '\r\n', '\r', '\n', '\r\n.\r\n', '.\r', 'word'];
    for (let round = 0; round < 4_000; round++) {
      const text = Array.from(
        { length: Math.floor(random.fraction() * 12) },
        () => pieces[Math.floor(random.fraction() * pieces.length)]!,
      ).join('');
      const whole = stuff(text);
      assert.equal(
        stuff(
          text,
          Array.from({ length: text.length }, (_, at) => at),
        ),
        whole,
        JSON.stringify(text),
      );
      const out: Buffer[] = [];
      const reader = new DataReader('reject', true, (piece) => out.push(piece));
      assert.equal(reader.push(Buffer.from(whole, 'latin1')), whole.length, JSON.stringify(text));
      assert.deepEqual([reader.ended, reader.bareLineEnd], [true, false], JSON.stringify(text));
      if (/^(?:[^\r\n]*\r\n)*$/.test(text)) assert.equal(Buffer.concat(out).toString('latin1'), text);
    }
  });
});
