import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseHeaderFields } from './header-block.ts';
import { decodeHeaderField, unfold } from './header-text.ts';
import { encodeHeaderText, headerField } from './header-write.ts';
import { messageIds } from './message-id.ts';
import { encodeParameters } from './parameter-write.ts';
import { parseParameterized } from './parameters.ts';
import { baseSubject, isReplySubject } from './subject.ts';

describe('parseHeaderFields', () => {
  it('gives ranges that hold each field as sent', () => {
    const bytes = Buffer.from('From x\r\nA: 1\r\n 2\r\nb :\t3\nnonsense\n\tcontinued\n: none\nC:4\r\n\r\nD: 5\r\n');
    const fields = parseHeaderFields(bytes).map(({ name, start, valueStart, end }) => [
      name,
      bytes.toString('latin1', start, end),
      bytes.toString('latin1', valueStart, end),
    ]);
    assert.deepEqual(fields, [
      ['A', 'A: 1\r\n 2\r\n', ' 1\r\n 2\r\n'],
      ['b', 'b :\t3\n', '\t3\n'],
      ['C', 'C:4\r\n', '4\r\n'],
    ]);
  });
});

describe('unfold', () => {
  const rows: [string, string][] = [
    [' a\r\n b\r\n\tc \r\n', 'a b\tc'],
    ['a\n b', 'a b'],
    ['a\r\nb\0c\rd', 'a b c d'],
  ];
  for (const [raw, text] of rows) it(JSON.stringify(raw), () => assert.equal(unfold(raw), text));
});

describe('decodeHeaderField', () => {
  // RFC 2047 §8, then mail as it is.
  const rows: [string, string][] = [
    ['(=?ISO-8859-1?Q?a?=)', '(a)'],
    ['(=?ISO-8859-1?Q?a?= b)', '(a b)'],
    ['(=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=)', '(ab)'],
    ['(=?ISO-8859-1?Q?a?=  \r\n    =?ISO-8859-1?Q?b?=)', '(ab)'],
    ['(=?ISO-8859-1?Q?a_b?=)', '(a b)'],
    ['(=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=)', '(a b)'],
    ['=?US-ASCII?Q?Keith_Moore?= <moore@cs.utk.edu>', 'Keith Moore <moore@cs.utk.edu>'],
    [
      '=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?=\r\n =?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=',
      'If you can read this you understand the example.',
    ],
    ['=?utf-8?b?4oI=?= =?utf-8?b?rA==?=', '€'],
    ['=?utf-8?q?=E2=82?= =?UTF-8?b?rA==?=', '€'],
    ['=?utf-8*en?q?=E2=82=AC?=', '€'],
    ['=?iso-2022-jp?b?GyRCJUYlOSVIGyhC?=', 'テスト'],
    ['=?ISO-2022-JP?B?GyRCJUYlOSVIGyhC?= =?ISO-2022-JP?B?GyRCJUYlOSVIGyhC?=', 'テストテスト'],
    ['=?utf-8?q?=C3=BC_ü?=', 'ü ü'],
    ['=?gb2312?B?1tDOxA==?=', '中文'],
    ['=?ks_c_5601-1987?B?x9GxuQ==?=', '한국'],
    ['=?windows-1252?q?=80=92?=', '€’'],
    ['=?utf-7?q?Fr+APY-sche?=', 'Frösche'],
    ['=?unknown-8bit?q?=C3=BC?=', 'ü'],
    ['=?x-nobody?q?=FC?=', 'ü'],
    ['a=?utf-8?q?b?=c', 'abc'],
    ['=?utf-8?q?a b?=', 'a b'],
    ['=?utf-8?q?what?_?=', 'what? '],
    ['=?utf-8?q?=0d=0aX: y?=', ' X: y'],
    ['=?utf-8?x?a?=', '=?utf-8?x?a?='],
    ['=?utf-8?q?a', '=?utf-8?q?a'],
    ['=??q?a?=', '=??q?a?='],
    ['=?', '=?'],
    ['grüße', 'grüße'],
  ];
  for (const [raw, text] of rows)
    it(JSON.stringify(raw), () => assert.equal(decodeHeaderField(Buffer.from(raw)), text));
  it('8-bit that is no UTF-8', () =>
    assert.equal(decodeHeaderField(Buffer.from([0x67, 0x72, 0xfc, 0xdf, 0x80])), 'grüß€'));
});

describe('encodeHeaderText', () => {
  const rows: [string, string][] = [
    ['plain text', 'plain text'],
    ['Grüße aus Ulm', '=?utf-8?b?R3LDvMOfZQ==?= aus Ulm'],
    ['Ümlaut at one end, and the other: é', '=?utf-8?q?=C3=9Cmlaut_at_one_end=2C_and_the_other=3A_=C3=A9?='],
    ['日本', '=?utf-8?b?5pel5pys?='],
    ['a é b ü c', 'a =?utf-8?b?w6kgYiDDvA==?= c'],
    ['not =?an?q?word?=', 'not =?utf-8?b?PT9hbj9xP3dvcmQ/PQ==?='],
    ['a\r\nBcc: x', 'a Bcc: x'],
  ];
  for (const [text, encoded] of rows) it(JSON.stringify(text), () => assert.equal(encodeHeaderText(text), encoded));

  it('splits between characters, each word within RFC 2047 §2', () => {
    const text = '日本語😀é'.repeat(30);
    const words = encodeHeaderText(text).split(' ');
    assert.ok(words.length > 5 && words.every((word) => word.length <= 75));
    assert.ok(words.every((word) => !decodeHeaderField(word).includes('\ufffd')));
    assert.equal(decodeHeaderField(words.join(' ')), text);
  });
});

describe('headerField', () => {
  it('folds at blanks', () => {
    const value = Array.from({ length: 30 }, (_, i) => `word${i}`).join(' ');
    const field = headerField('X-Long', value);
    assert.ok(field.endsWith('\r\n') && field.split('\r\n').every((line) => line.length <= 78));
    assert.equal(unfold(field.slice(7)), value);
  });
  it('breaks what has no blanks before 998', () => {
    assert.ok(
      headerField('X', 'y'.repeat(5_000))
        .split('\r\n')
        .every((line) => line.length <= 998),
    );
  });
  it('lets no field be smuggled in', () => assert.equal(headerField('A', 'b\r\nC: d'), 'A: b C: d\r\n'));
  it('asserts a name', () => assert.throws(() => headerField('A b', 'c'), /field name/));
});

describe('parseParameterized', () => {
  const long = 'x'.repeat(20_000);
  const rows: [string, string, Record<string, string>][] = [
    ['text/plain; charset=us-ascii (Plain text)', 'text/plain', { charset: 'us-ascii' }],
    ['Text/HTML;CHARSET="utf-8";;', 'text/html', { charset: 'utf-8' }],
    ['text/plain (a (b)) ; a=b', 'text/plain', { a: 'b' }],
    // RFC 2231 §3 and §4.1.
    [
      'message/external-body; URL*0="ftp://";\r\n URL*1="cs.utk.edu/pub"',
      'message/external-body',
      { url: 'ftp://cs.utk.edu/pub' },
    ],
    [
      "application/x-stuff; title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A",
      'application/x-stuff',
      { title: 'This is ***fun***' },
    ],
    [
      "application/x-stuff; title*0*=us-ascii'en'This%20is%20even%20more%20; title*1*=%2A%2A%2Afun%2A%2A%2A%20; title*2=\"isn't it!\"",
      'application/x-stuff',
      { title: "This is even more ***fun*** isn't it!" },
    ],
    ["a/b; name*1=c; name*0*=utf-8''%E2%82%AC", 'a/b', { name: '€c' }],
    ["a/b; name*0*=utf-8''%E2%82; name*1*=%AC", 'a/b', { name: '€' }],
    ["a/b; name=plain; name*=utf-8''%C3%A9", 'a/b', { name: 'é' }],
    ['a/b; name==?utf-8?q?=C3=A9?=', 'a/b', { name: 'é' }],
    ['a/b; name=my file.txt; x=y', 'a/b', { name: 'my file.txt', x: 'y' }],
    ['a/b; a=b c=d', 'a/b', { a: 'b', c: 'd' }],
    ['a/b; a="b\\"c\\\\"; d', 'a/b', { a: 'b"c\\' }],
    ['a/b; a="unclosed; c=d', 'a/b', { a: 'unclosed', c: 'd' }],
    ['a/b charset=x', 'a/b', { charset: 'x' }],
    ['a/b; a=1; a=2; A=3', 'a/b', { a: '1' }],
    ['a/b; __proto__=x; =y; constructor=z', 'a/b', { constructor: 'z' }],
    [`a/b; a=${long}`, 'a/b', { a: long.slice(0, 8_192) }],
    ['', '', {}],
  ];
  for (const [text, value, parameters] of rows) {
    it(JSON.stringify(text.slice(0, 80)), () => assert.deepEqual(parseParameterized(text), { value, parameters }));
  }
  it('keeps no more than the limit', () => {
    const many = Array.from({ length: 200 }, (_, i) => `p${i}=x`).join(';');
    assert.equal(Object.keys(parseParameterized(`a/b;${many}`).parameters).length, 64);
  });
  it('can be written for ASCII channels and read again', () => {
    const parameters = { name: 'é "x"\\;.png', charset: 'utf-8' };
    const written = encodeParameters(parameters);
    assert.deepEqual(written, [
      ['name*', "utf-8''%C3%A9%20%22x%22%5C%3B.png"],
      ['charset', 'utf-8'],
    ]);
    assert.deepEqual(
      parseParameterized(`a/b; ${written.map((pair) => pair.join('=')).join('; ')}`).parameters,
      parameters,
    );
  });
});

describe('messageIds', () => {
  const rows: [string, string[]][] = [
    ['<a@b>', ['a@b']],
    ['<a@b>\t<c@d>,<e@f>', ['a@b', 'c@d', 'e@f']],
    ['Your message of <a@b> (x)', ['a@b']],
    ['<a\r\n @b> <> <<c@d>> <e', ['a@b', 'c@d']],
    ['a@b', ['a@b']],
    ['no id here', []],
    ['', []],
  ];
  for (const [text, ids] of rows) it(JSON.stringify(text), () => assert.deepEqual(messageIds(text), ids));
});

describe('baseSubject', () => {
  // RFC 5256 §2.1.
  const rows: [text: string, base: string, isReply: boolean][] = [
    ['Hello', 'Hello', false],
    ['Re: Hello', 'Hello', true],
    ['RE: FWD: Fw : re[5]: Hello', 'Hello', true],
    ['Re: [list] re: Hello  (fwd) (FWD) ', 'Hello', true],
    ['[list] Hello', 'Hello', false],
    ['[a] [b] c', 'c', false],
    ['[a] [b]', '[b]', false],
    ['[only]', '[only]', false],
    ['[Fwd: Re: [x] Hello]', 'Hello', true],
    ['  a \t b\r\n c ', 'a b c', false],
    ['Re:', '', true],
    ['Return: x', 'Return: x', false],
    ['=?utf-8?q?Re=3A_Gr=C3=BC=C3=9Fe?=', 'Grüße', true],
    ['(fwd)', '', true],
    ['[[x]] y', '[[x]] y', false],
  ];
  for (const [text, base, isReply] of rows) {
    it(JSON.stringify(text), () => assert.deepEqual([baseSubject(text), isReplySubject(text)], [base, isReply]));
  }
});
