import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '#stdx';
import { normaliseAddress, normaliseDomain, parseAddress, withoutDetail } from './address.ts';

describe('domains', () => {
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['Example.COM', 'example.com'],
    ['example.com.', 'example.com'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['XN--BCHER-KVA.example', 'xn--bcher-kva.example'],
    ['日本.example', 'xn--wgv71a.example'],
    ['a.b.c.example', 'a.b.c.example'],
    ['1and1.example', '1and1.example'],
    ['example', undefined],
    ['', undefined],
    ['.', undefined],
    ['a..example', undefined],
    ['a_b.example', undefined],
    ['-a.example', undefined],
    ['a-.example', undefined],
    ['a.example/path', undefined],
    ['a.exam\tple', undefined],
    ['a%2eexample.com', undefined],
    ['user@a.example', undefined],
    ['a.example:25', undefined],
    ['192.0.2.1', undefined],
    ['0x7f.1', undefined],
    ['[192.0.2.1]', undefined],
    [`${'a'.repeat(64)}.example`, undefined],
    [`${'a'.repeat(63)}.example`, `${'a'.repeat(63)}.example`],
    [`${'abcdefg.'.repeat(32)}example`, undefined],
  ];
  for (const [given, wanted] of rows)
    it(JSON.stringify(given).slice(0, 40), () => assert.equal(normaliseDomain(given), wanted));
});

describe('addresses', () => {
  const rows: readonly (readonly [string, string | undefined, string?])[] = [
    ['Bob@A.example', 'bob@a.example', 'Bob@a.example'],
    ['"bob"@a.example', 'bob@a.example', '"bob"@a.example'],
    ['"b\\ob"@a.example', 'bob@a.example', '"b\\ob"@a.example'],
    ['"a@b"@a.example', 'a@b@a.example', '"a@b"@a.example'],
    ['o\u0308@a.example', 'ö@a.example', 'ö@a.example'],
    ['İ@a.example', 'i̇@a.example', 'İ@a.example'],
    ["!#$%&'*+/=?^_`{|}~-@a.example", "!#$%&'*+/=?^_`{|}~-@a.example"],
    ['a.b@a.example', 'a.b@a.example'],
    ['a@b@a.example', undefined],
    ['.a@a.example', undefined],
    ['a.@a.example', undefined],
    ['a..b@a.example', undefined],
    ['a b@a.example', undefined],
    ['"a@a.example', undefined],
    ['""@a.example', undefined],
    ['"a\nb"@a.example', undefined],
    ['a\u0000b@a.example', undefined],
    ['a\r\n@a.example', undefined],
    ['a\u0085b@a.example', undefined],
    ['<a@a.example>', undefined],
    ['a@', undefined],
    ['@a.example', undefined],
    ['a', undefined],
    ['', undefined],
    [`${'a'.repeat(64)}@a.example`, `${'a'.repeat(64)}@a.example`],
    [`${'a'.repeat(65)}@a.example`, undefined],
    [`${'é'.repeat(33)}@a.example`, undefined],
  ];
  for (const [given, key, address] of rows)
    it(JSON.stringify(given).slice(0, 40), () => {
      const parsed = parseAddress(given);
      assert.equal(parsed?.key, key);
      if (address !== undefined) assert.equal(parsed?.address, address);
    });

  it('are the same however often they are normalised, and never throw', () => {
    const random = seededRandom(7);
    const alphabet = [
      'a',
      'B',
      '.',
      '@',
      '"',
      '\\',
      '+',
      'é',
      'ß',
      'İ',
      '\u0308',
      '\u200d',
      '日',
      '😀',
      '\ud800',
      '\u0000',
      ' ',
      '%',
      '-',
    ];
    for (let round = 0; round < 5_000; round++) {
      const length = Math.floor(random.fraction() * 12);
      const local = Array.from({ length }, () => alphabet[Math.floor(random.fraction() * alphabet.length)]).join('');
      const key = normaliseAddress(`${local}@Exämple.example`);
      if (key === undefined) continue;
      const quoted = /^[^"@\s\\]+@/.test(key) && !key.includes('..') ? key : undefined;
      const again = quoted === undefined ? undefined : normaliseAddress(quoted);
      if (again !== undefined) assert.equal(again, key);
      const parsed = parseAddress(`${local}@Exämple.example`);
      assert.equal(parsed && parseAddress(parsed.address)?.key, key, JSON.stringify(local));
    }
  });

  const details: readonly (readonly [string, string, string | undefined])[] = [
    ['bob+x@a.example', '+', 'bob@a.example'],
    ['bob+x+y@a.example', '+', 'bob@a.example'],
    ['bob-x+y@a.example', '-', 'bob@a.example'],
    ['bob@a-b.example', '-', undefined],
    ['+bob@a.example', '+', undefined],
    ['bob@a.example', '+', undefined],
    ['bob+x@a.example', '', undefined],
  ];
  for (const [key, separator, base] of details)
    it(`${key} without what follows ${separator || 'nothing'}`, () =>
      assert.equal(withoutDetail(key, separator), base));
});
