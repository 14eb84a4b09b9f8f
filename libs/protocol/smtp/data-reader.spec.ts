import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '#stdx';
import { type BareLineEnds, DataReader } from './data-reader.ts';

/** Feeds `text` cut at `cuts`; what came out, whether it ended, how much was left over, and whether it was clean. */
function read(text: string, bareLineEnds: BareLineEnds, cuts: readonly number[] = [], stuffed = true) {
  const out: Buffer[] = [];
  const reader = new DataReader(bareLineEnds, stuffed, (piece) => out.push(Buffer.from(piece)));
  const bytes = Buffer.from(text, 'latin1');
  let used = 0;
  let from = 0;
  for (const to of [...cuts, bytes.length]) {
    if (reader.ended) break;
    used = from + reader.push(bytes.subarray(from, to));
    from = to;
  }
  if (!stuffed) reader.finish();
  return {
    out: Buffer.concat(out).toString('latin1'),
    ended: reader.ended,
    rest: text.slice(used),
    bare: reader.bareLineEnd,
  };
}

describe('DataReader', () => {
  const rows: readonly [string, string, string, string][] = [
    ['empty message', '.\r\n', '', ''],
    ['a line', 'a\r\n.\r\n', 'a\r\n', ''],
    ['commands behind the end', 'a\r\n.\r\nMAIL\r\n', 'a\r\n', 'MAIL\r\n'],
    ['a stuffed dot', '..\r\n.\r\n', '.\r\n', ''],
    ['a stuffed line', 'a\r\n..b\r\n.\r\n', 'a\r\n.b\r\n', ''],
    ['a dot that was not doubled goes', '.b\r\n.\r\n', 'b\r\n', ''],
    ['dots inside lines stay', 'a.b.\r\n.\r\n', 'a.b.\r\n', ''],
    ['NUL and eight bits', '\0\xff\r\n.\r\n', '\0\xff\r\n', ''],
    ['empty lines', '\r\n\r\n.\r\n', '\r\n\r\n', ''],
    ['tabs and form feeds', '\t\f\v\r\n.\r\n', '\t\f\v\r\n', ''],
  ];
  for (const [name, sent, out, rest] of rows)
    it(name, () => assert.deepEqual(read(sent, 'reject'), { out, ended: true, rest, bare: false }));

  // The sequences of the 2023 research on SMTP smuggling and of what came after it, each in front of a smuggled message.
  // None may end the data; each marks the message as malformed.
  const SMUGGLED = 'MAIL FROM:<ceo@x.test>\r\nRCPT TO:<b@y.test>\r\nDATA\r\nsmuggled\r\n.\r\n';
  const sequences = [
    '\n.\n',
    '\n.\r\n',
    '\r\n.\n',
    '\r.\r',
    '\r.\r\n',
    '\r\n.\r',
    '\n.\r',
    '\r.\n',
    '\r\n\0.\n',
    '\r\r\n.\n',
    '\r\n.\r\r\n',
    '\r\n.\n\r\n',
    '\r.\r\r\n',
    '\n\r.\r\n',
    '\n\n.\r\n',
    '\r\r.\r\n',
    '\r\n.\r\0\n',
  ];
  for (const sequence of sequences)
    for (const bareLineEnds of ['reject', 'normalise'] as const)
      it(`${JSON.stringify(sequence)} is no end of data (${bareLineEnds})`, () => {
        const found = read(`a${sequence}${SMUGGLED}`, bareLineEnds);
        assert.deepEqual([found.ended, found.rest, found.bare], [true, '', true]);
        if (bareLineEnds === 'normalise') {
          assert.ok(found.out.endsWith('smuggled\r\n'), 'the smuggled message is content of the first');
          assert.doesNotMatch(found.out.replaceAll('\r\n', ''), /[\r\n]/);
        }
      });

  const normalised: readonly [string, string][] = [
    ['a\nb\r\n.\r\n', 'a\r\nb\r\n'],
    ['a\rb\r\n.\r\n', 'a b\r\n'],
    ['a\r\r\n.\r\n', 'a \r\n'],
    ['\n\n.\r\n.\r\n', '\r\n\r\n.\r\n'],
    ['\r\n.\r.\r\n.\r\n', '\r\n .\r\n'],
  ];
  for (const [sent, out] of normalised)
    it(`normalises ${JSON.stringify(sent)}`, () => assert.equal(read(sent, 'normalise').out, out));

  it('reads the same however it is cut', () => {
    const random = seededRandom(7);
    const pick = <T>(from: readonly T[]): T => from[Math.floor(random.fraction() * from.length)]!;
    const pieces = ['a', '.', '..', '\r\n', '\r', '\n', '\r\n.\r\n', '\r\n.', '.\r', 'hello', '\r\n..', '\0'];
    for (let round = 0; round < 4_000; round++) {
      const text = Array.from({ length: 1 + Math.floor(random.fraction() * 12) }, () => pick(pieces)).join('');
      const stuffed = random.fraction() < 0.8;
      for (const bareLineEnds of ['reject', 'normalise'] as const) {
        const whole = read(text, bareLineEnds, [], stuffed);
        const every = Array.from({ length: text.length }, (_, at) => at);
        const some = every.filter(() => random.fraction() < 0.3);
        for (const cuts of [every, some]) {
          const label = `${JSON.stringify(text)} cut at ${cuts}`;
          const cut = read(text, bareLineEnds, cuts, stuffed);
          // What comes before a malformed place may or may not have been handed on already: the message is refused anyhow.
          if (whole.bare && bareLineEnds === 'reject') cut.out = whole.out;
          assert.deepEqual(cut, whole, label);
        }
        // The end, where there is one, is the first CRLF . CRLF, counting from the CRLF of the DATA line.
        if (stuffed) {
          const end = `\r\n${text}`.indexOf('\r\n.\r\n');
          assert.equal(whole.ended, end >= 0, JSON.stringify(text));
          if (end >= 0) assert.equal(whole.rest, text.slice(end + 3), JSON.stringify(text));
        }
      }
    }
  });
});
