import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseNotify, parseOriginalRecipient, parseXtext, toXtext } from './dsn-parameters.ts';

describe('DSN parameters', () => {
  const xtext: readonly [string, string | null][] = [
    ['abc', 'abc'],
    ['a+2Bb', 'a+b'],
    ['a+20b', 'a b'],
    ['', ''],
    ['a+b', null],
    ['a+2', null],
    ['a+2b', null],
    ['a b', null],
    ['a=b', null],
  ];
  for (const [text, expected] of xtext)
    it(`xtext ${JSON.stringify(text)}`, () => assert.equal(parseXtext(text), expected));

  it('xtext goes there and back', () => {
    const text = 'a+b = c\r\n"ü"';
    assert.equal(parseXtext(toXtext(text)), text);
    assert.equal(toXtext('€'), '?');
  });

  const notify: readonly [string, string | null][] = [
    ['NEVER', ''],
    ['success', 'success'],
    ['SUCCESS,FAILURE,DELAY', 'success failure delay'],
    ['DELAY', 'delay'],
    ['NEVER,DELAY', null],
    ['', null],
    ['SUCCESS,', null],
    ['ALWAYS', null],
  ];
  for (const [value, expected] of notify)
    it(`NOTIFY=${value}`, () => {
      const found = parseNotify(value);
      const words =
        found &&
        Object.entries(found)
          .flatMap(([word, on]) => (on ? [word] : []))
          .join(' ');
      assert.equal(words, expected);
    });

  const original: readonly [string, string | null][] = [
    ['rfc822;a@b.test', 'rfc822 a@b.test'],
    ['RFC822;a+2Bx@b.test', 'rfc822 a+x@b.test'],
    ['utf-8;\\x{fc}@b.test', 'utf-8 \\x{fc}@b.test'],
    ['a@b.test', null],
    [';a@b.test', null],
    ['rfc822;', null],
    ['rf c;a', null],
  ];
  for (const [value, expected] of original)
    it(`ORCPT=${value}`, () => {
      const found = parseOriginalRecipient(value);
      assert.equal(found && `${found.type} ${found.address}`, expected);
    });
});
