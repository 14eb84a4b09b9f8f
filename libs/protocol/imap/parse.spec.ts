import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ArgumentReader } from './argument-reader.ts';
import { ImapSyntaxError } from './errors.ts';
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
});
