import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '#stdx';
import { ArgumentReader } from './argument-reader.ts';
import { BadCharsetError, ImapSyntaxError } from './errors.ts';
import { parseSearch } from './parse/search.ts';
import { BAD, GOOD, PARSERS } from './parse-cases.test.ts';

const reader = (text: string): ArgumentReader => new ArgumentReader(Buffer.from(text, 'latin1'));

describe('command arguments', () => {
  for (const [parser, text, expected] of GOOD)
    it(`${parser} ${JSON.stringify(text)}`, () => {
      if (expected === null) assert.throws(() => PARSERS[parser]!(reader(text)), ImapSyntaxError);
      else assert.deepEqual(PARSERS[parser]!(reader(text)), expected);
    });

  for (const [parser, text] of BAD)
    it(`${parser} refuses ${JSON.stringify(text).slice(0, 60)}`, () =>
      assert.throws(() => PARSERS[parser]!(reader(text)), ImapSyntaxError));

  it('search in a charset nobody knows', () =>
    assert.equal(parseSearch(reader('CHARSET x-klingon TEXT a')).charsetKnown, false));

  it('refusals are lines of ASCII', () => {
    for (const [parser, text] of BAD) {
      try {
        PARSERS[parser]!(reader(text));
      } catch (error) {
        assert.match((error as Error).message, /^[\x20-\x7e]+$/);
      }
    }
  });

  it('throws nothing but syntax errors, whatever comes', () => {
    const random = seededRandom(4);
    const seeds = [...GOOD, ...BAD];
    const rounds = Number(process.env['ROOKERY_FUZZ_ROUNDS'] ?? 5_000);
    for (let round = 0; round < rounds; round++) {
      const [, text] = seeds[Math.floor(random.fraction() * seeds.length)]!;
      const bytes = mutate(Buffer.from(text, 'latin1'), random);
      for (const parse of Object.values(PARSERS)) {
        try {
          parse(new ArgumentReader(bytes));
        } catch (error) {
          if (!(error instanceof ImapSyntaxError || error instanceof BadCharsetError))
            throw new Error(`${JSON.stringify(bytes.toString('latin1'))}: ${error}`, { cause: error });
        }
      }
    }
  });
});

function mutate(bytes: Buffer, random: ReturnType<typeof seededRandom>): Buffer {
  const pick = (n: number): number => Math.floor(random.fraction() * n);
  const parts = [bytes];
  for (let i = 0; i < 1 + pick(4); i++) {
    const whole = Buffer.concat(parts.splice(0));
    const at = pick(whole.length + 1);
    const insert = Buffer.from(
      ['(', ')', '"', '{3}\r\n', ' ', '\\', '*', ':', ',', '[', ']', '<', '>', '\0', '\xff', '1', '.', '~'][pick(18)]!,
      'latin1',
    );
    parts.push(whole.subarray(0, at), pick(2) ? insert : Buffer.alloc(0), whole.subarray(at + pick(3)));
  }
  return Buffer.concat(parts);
}
