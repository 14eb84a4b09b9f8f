import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseMessage } from '#protocol/message';
import { formatDateTime, parseDateTime } from '../date.ts';
import { formatSequenceSet, resolveSequenceSet } from '../sequence-set.ts';
import { formatBodyStructure } from './body-structure.ts';
import { formatEnvelope } from './envelope.ts';
import { formatEsearch } from './esearch.ts';
import { formatAString, formatString, formatUtf8String } from './strings.ts';

describe('strings', () => {
  for (const [text, expected] of [
    ['plain', '"plain"'],
    ['', '""'],
    ['a"b\\c', '"a\\"b\\\\c"'],
    ['zwei\r\nZeilen', '{12}\r\nzwei\r\nZeilen'],
    ['ü', '{2}\r\nü'],
    ['a\0b', '{5}\r\na\ufffdb'],
  ] as const)
    it(JSON.stringify(text), () => assert.equal(formatString(text), expected));

  for (const [text, expected] of [
    ['INBOX', 'INBOX'],
    ['a b', '"a b"'],
    ['', '""'],
    ['nil', '"nil"'],
    ['a]b', 'a]b'],
    ['x*', '"x*"'],
  ] as const)
    it(`astring ${JSON.stringify(text)}`, () => assert.equal(formatAString(text), expected));
});

describe('sequence sets', () => {
  it('are written short', () => {
    assert.equal(formatSequenceSet([]), '');
    assert.equal(formatSequenceSet([1]), '1');
    assert.equal(formatSequenceSet([1, 2, 3, 7, 9, 10]), '1:3,7,9:10');
  });

  it('are put in order', () => {
    assert.deepEqual(
      resolveSequenceSet(
        [
          { first: '*', last: 7 },
          { first: 1, last: 3 },
          { first: 4, last: 4 },
        ],
        9,
      ),
      [
        { first: 1, last: 4 },
        { first: 7, last: 9 },
      ],
    );
    assert.deepEqual(resolveSequenceSet([{ first: 12, last: '*' }], 9), [{ first: 9, last: 12 }]);
  });
});

describe('dates', () => {
  it('go out and come back', () => {
    const at = Date.UTC(2026, 1, 3, 4, 5, 6);
    assert.equal(formatDateTime(at), ' 3-Feb-2026 04:05:06 +0000');
    assert.equal(parseDateTime(formatDateTime(at)), at);
    assert.equal(parseDateTime('03-feb-2026 04:05:06 -0130'), at + 90 * 60_000);
    assert.equal(parseDateTime('31-Feb-2026 04:05:06 +0000'), null);
  });
});

const NESTED = [
  'From: "Ünal, J" <j@example.test>',
  'To: team: a@example.test, b@example.test;',
  'Subject: =?utf-8?q?gr=C3=BC=C3=9Fe?=',
  'Date: Mon, 1 Jan 2024 10:00:00 +0100',
  'Message-ID: <m1@example.test>',
  'MIME-Version: 1.0',
  'Content-Type: multipart/mixed; boundary=b',
  '',
  '--b',
  'Content-Type: text/plain; charset=utf-8; format=flowed',
  'Content-Language: en, de',
  '',
  'hello',
  '--b',
  "Content-Type: application/pdf; name*=utf-8''%C3%BC.pdf",
  'Content-Disposition: attachment; filename="u.pdf"',
  'Content-Transfer-Encoding: base64',
  'Content-ID: <x@y>',
  '',
  'AAAA',
  '--b',
  'Content-Type: message/rfc822',
  '',
  'Subject: inner',
  '',
  'text',
  '--b--',
  '',
].join('\r\n');

describe('message structures', () => {
  const { envelope, body } = parseMessage(Buffer.from(NESTED));

  it('ENVELOPE', () => {
    const from = '(("=?utf-8?b?w5xuYWws?= J" NIL "j" "example.test"))';
    assert.equal(
      formatEnvelope(envelope),
      `("Mon, 1 Jan 2024 10:00:00 +0100" "=?utf-8?q?gr=C3=BC=C3=9Fe?=" ${from} ${from} ${from} ((NIL NIL "team" NIL)(NIL NIL "a" "example.test")(NIL NIL "b" "example.test")(NIL NIL NIL NIL)) NIL NIL NIL "<m1@example.test>")`,
    );
  });

  it('BODYSTRUCTURE', () => {
    assert.equal(
      formatBodyStructure(body, true),
      '(("text" "plain" ("charset" "utf-8" "format" "flowed") NIL NIL "7bit" 5 1 NIL NIL ("en" "de") NIL)' +
        '("application" "pdf" ("name*" "utf-8\'\'%C3%BC.pdf") "<x@y>" NIL "base64" 4 NIL ("attachment" ("filename" "u.pdf")) NIL NIL)' +
        '("message" "rfc822" NIL NIL NIL "7bit" 22 (NIL "inner" NIL NIL NIL NIL NIL NIL NIL NIL) ("text" "plain" NIL NIL NIL "7bit" 4 1 NIL NIL NIL NIL) 3 NIL NIL NIL NIL)' +
        ' "mixed" ("boundary" "b") NIL NIL NIL)',
    );
  });

  it('BODY', () => {
    assert.match(
      formatBodyStructure(body, false),
      /^\(\("text" "plain" \([^)]*\) NIL NIL "7bit" 5 1\)\("application" .* "mixed"\)$/,
    );
  });

  it('in UTF-8, for who enabled it', () => {
    const raw = NESTED.replace('=?utf-8?q?gr=C3=BC=C3=9Fe?=', 'grüße');
    const { envelope: own, body: root } = parseMessage(Buffer.from(raw));
    const text = formatUtf8String;
    assert.match(formatEnvelope(own, text), /^\("[^"]*" "grüße" \(\("Ünal, J" NIL "j" "example.test"\)\)/);
    assert.match(formatEnvelope(own), /^\("[^"]*" "=\?utf-8\?[^"]*\?=" /);
    assert.match(formatBodyStructure(root, true, text), /\("application" "pdf" \("name" "ü\.pdf"\)/);
  });

  it('a multipart without parts still has one', () => {
    const empty = parseMessage(Buffer.from('Content-Type: multipart/mixed; boundary=b\r\n\r\nnothing\r\n'));
    assert.match(formatBodyStructure(empty.body, false), /^\(\("text" "plain" .*\) "mixed"\)$/);
  });
});

describe('ESEARCH', () => {
  it('leaves out what there is none of', () => {
    assert.equal(formatEsearch({ tag: 'a', uid: false, all: '' }), 'ESEARCH (TAG "a")');
    assert.equal(
      formatEsearch({ tag: 'a', uid: true, min: 1, max: 9, count: 2, all: '1,9', modSeq: 4 }),
      'ESEARCH (TAG "a") UID MIN 1 MAX 9 COUNT 2 ALL 1,9 MODSEQ 4',
    );
  });
});
