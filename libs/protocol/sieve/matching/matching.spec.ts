import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '#stdx';
import type { Paused } from './characters.ts';
import { comparatorNamed } from './comparators.ts';
import { matchGlob, parseGlob } from './glob.ts';
import { matchRegex } from './regex.ts';
import { compileRegex } from './regex-program.ts';

const same = (character: string): string => character;
function finished<T>(work: Paused<T>): T {
  let next = work.next();
  while (!next.done) next = work.next();
  return next.value;
}
const glob = (pattern: string, text: string) => finished(matchGlob(parseGlob(pattern, same), text, same, () => {}));
const regex = (pattern: string, text: string, fold = same) =>
  finished(matchRegex(compileRegex(pattern, fold, 4_000), text, fold, () => {}));

describe('globs', () => {
  const rows: readonly [string, string, readonly string[] | null][] = [
    ['', '', ['']],
    ['', 'a', null],
    ['*', '', ['', '']],
    ['a*', 'abc', ['abc', 'bc']],
    ['*c', 'abc', ['abc', 'ab']],
    ['*b*', 'abcb', ['abcb', 'a', 'cb']],
    ['a*a', 'a', null],
    ['?*?', 'ab', ['ab', 'a', '', 'b']],
    ['**', 'ab', ['ab', '', 'ab']],
    ['\\*\\?\\\\', '*?\\', ['*?\\']],
    ['*aab', 'aaab', ['aaab', 'a']],
    ['?', '😀', ['😀', '😀']],
  ];
  for (const [pattern, text, found] of rows)
    it(`${pattern} on ${text}`, () => assert.deepEqual(glob(pattern, text), found));

  it('agree with a plain search, whatever the pattern', () => {
    const random = seededRandom(7);
    const pick = (letters: string, max: number) =>
      Array.from(
        { length: Math.floor(random.fraction() * max) },
        () => letters[Math.floor(random.fraction() * letters.length)],
      ).join('');
    for (let run = 0; run < 3_000; run++) {
      const [pattern, text] = [pick('ab?*', 8), pick('ab', 10)];
      const expected = new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`).test(text);
      assert.equal(glob(pattern, text) !== null, expected, `${pattern} on ${text}`);
    }
  });
});

describe('regular expressions', () => {
  const rows: readonly [string, string, readonly string[] | null][] = [
    ['b+', 'abbbc', ['bbb']],
    ['a|ab', 'ab', ['ab']],
    ['(a|ab)(c|bcd)?', 'abcd', ['abcd', 'a', 'bcd']],
    ['^$', '', ['']],
    ['^b', 'ab', null],
    ['b$', 'ab', ['b']],
    ['[^a-c]+', 'abxyc', ['xy']],
    ['[]a]+', ']a]', [']a]']],
    ['[a-]+', 'a-b', ['a-']],
    ['[[:alpha:]_]+', '1a_b2', ['a_b']],
    ['a{2,3}', 'aaaa', ['aaa']],
    ['(ab){2}', 'xababab', ['abab', 'ab']],
    ['\\.', 'a.b', ['.']],
    ['(x)|(y)', 'y', ['y', '', 'y']],
    ['(a*)*', 'aa', ['aa', 'aa']],
    ['(a*)+b', 'aab', ['aab', 'aa']],
  ];
  for (const [pattern, text, found] of rows)
    it(`${pattern} on ${text}`, () => assert.deepEqual(regex(pattern, text), found));

  it('ignore case as the comparator does', () => {
    const fold = comparatorNamed('i;ascii-casemap')!.foldCharacter;
    assert.deepEqual(regex('[a-f]+x', 'DEADX', fold), ['DEADX']);
    assert.deepEqual(regex('ABC', 'xabcx', fold), ['abc']);
  });

  it('agree with another engine on whether and where, and take the longest', () => {
    const random = seededRandom(11);
    const pieces = ['a', 'b', '.', 'a*', 'b?', '(a|b)', '(ab)*', '[ab]', '(a|ab)+', '^', '$', '|'];
    for (let run = 0; run < 3_000; run++) {
      const pattern = Array.from(
        { length: 1 + Math.floor(random.fraction() * 5) },
        () => pieces[Math.floor(random.fraction() * pieces.length)],
      ).join('');
      const text = Array.from({ length: Math.floor(random.fraction() * 9) }, () =>
        random.fraction() < 0.5 ? 'a' : 'b',
      ).join('');
      const [found, other] = [regex(pattern, text), new RegExp(pattern).exec(text)];
      assert.equal(found !== null, other !== null, `${pattern} on ${text}`);
      if (!found || !other) continue;
      assert(found[0]!.length >= other[0].length, `${pattern} on ${text}: ${found[0]} and ${other[0]}`);
      assert(text.startsWith(found[0]!, other.index), `${pattern} on ${text}: ${found[0]} at ${other.index}`);
    }
  });

  it('cost no more than steps times characters, with pauses', () => {
    let steps = 0;
    const compiled = compileRegex('(a*)*(a*)*(a|aa)*c', same, 4_000);
    const work = matchRegex(compiled, 'a'.repeat(20_000), same, (more) => {
      steps += more;
    });
    let pauses = 0;
    for (let next = work.next(); !next.done; next = work.next()) pauses++;
    assert(steps < 20_001 * compiled.steps.length * 10, `${steps} steps`);
    assert(pauses > 5, 'others have their turn');
  });
});

describe('comparators', () => {
  it('order numbers as numbers, and what is none above all', () => {
    const { order } = comparatorNamed('i;ascii-numeric')!;
    for (const [a, b, expected] of [
      ['9', '10', -1],
      ['010', '10', 0],
      ['x', '999999999999999999999', 1],
      ['x', '', 0],
      ['2x', '3', -1],
    ] as const)
      assert.equal(Math.sign(order(a, b)), expected, `${a} ${b}`);
  });
});
