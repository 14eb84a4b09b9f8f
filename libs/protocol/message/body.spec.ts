import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeCharset } from './charset.ts';
import { htmlToText } from './html-text.ts';
import { parseMessage } from './message-parser.ts';
import { decodedText, fileName, searchableText, textOf, textParts } from './part-text.ts';
import { findPart, sectionRange } from './sections.ts';
import { decodeTransfer, decodeTransferAll, isKnownEncoding } from './transfer.ts';

describe('decodeTransfer', () => {
  const rows: [encoding: string, encoded: string, decoded: string][] = [
    ['base64', 'SGVs\r\nbG8=', 'Hello'],
    ['BASE64', 'SGVsbG8', 'Hello'],
    ['base64', 'SG!Vs bG8=\r\n', 'Hello'],
    ['base64', 'SGVsbG8=SGk=', 'HelloHi'],
    ['base64', '_-8', '\xff\xef'],
    ['base64', 'S', ''],
    // RFC 2045 §6.7.
    [
      'quoted-printable',
      "Now's the time =\r\nfor all folk to come=\r\n to the aid of their country.",
      "Now's the time for all folk to come to the aid of their country.",
    ],
    ['quoted-printable', 'a=20 \t\r\nb=3D=3d\n', 'a \r\nb==\n'],
    ['quoted-printable', 'a= \t\r\nb= \nc=', 'abc'],
    ['quoted-printable', '=ZZ=4=', '=ZZ=4'],
    ['quoted-printable', 'a  b  ', 'a  b  '],
    ['quoted-printable', 'caf\xe9', 'caf\xe9'],
    ['x-uuencode', 'begin 644 a.txt\n#0V%T\n`\nend\n', 'Cat'],
    ['8bit', 'as is =20', 'as is =20'],
    ['7-bit', '=20', '=20'],
  ];
  for (const [encoding, encoded, decoded] of rows) {
    it(`${encoding} ${JSON.stringify(encoded)}`, () => {
      const bytes = Buffer.from(encoded, 'latin1');
      assert.equal(decodeTransferAll(encoding, bytes).toString('latin1'), decoded);
      const decoder = decodeTransfer(encoding);
      const pieces = [...bytes].map((byte) => decoder.push(Buffer.of(byte)).toString('latin1'));
      assert.equal(pieces.join('') + decoder.end().toString('latin1'), decoded);
    });
  }
});

describe('isKnownEncoding', () => {
  const rows: [encoding: string, known: boolean][] = [
    ['7bit', true],
    ['Base64', true],
    ['x-uuencode', true],
    ['8bits', false],
    ['', false],
  ];
  for (const [encoding, known] of rows) it(encoding, () => assert.equal(isKnownEncoding(encoding), known));
});

describe('decodeCharset', () => {
  const rows: [label: string | null, hex: string, text: string][] = [
    ['utf-8', 'e282ac', '€'],
    ['UTF-8', 'efbbbf61', 'a'],
    ['utf-8', 'ff61', '\ufffda'],
    ['"iso-8859-1"', 'fc', 'ü'],
    ['windows-1252', '80', '€'],
    ['iso-8859-15', 'a4', '€'],
    ['koi8-r', 'd0d2c9d7c5d4', 'привет'],
    ['windows-1251', 'eff0e8e2e5f2', 'привет'],
    ['iso-2022-jp', '1b2442467c4b5c1b2842', '日本'],
    ['cp932', '93fa967b', '日本'],
    ['euc-jp', 'c6fccbdc', '日本'],
    ['gb2312', 'd6d0cec4', '中文'],
    ['gb18030', '8139ee39', '㐀'],
    ['big5', 'a4a4a4e5', '中文'],
    ['cp949', 'c7d1b1b9', '한국'],
    ['iso-2022-kr', '1b2429430e475131390f', '한국'],
    ['hz-gb-2312', '7e7b5650 4e447e7d7e7e'.replace(' ', ''), '中文~'],
    ['utf-16le', '6100', 'a'],
    ['utf-16be', '0061', 'a'],
    ['utf-7', Buffer.from('a+AOk-+-b+').toString('hex'), 'aé+b+'],
    ['us-ascii', 'c3bc', 'ü'],
    ['us-ascii', 'fc', 'ü'],
    ['x-unknown', 'fc', 'ü'],
    [null, 'c3bc', 'ü'],
    ['', '92', '’'],
    ['__proto__', '61', 'a'],
  ];
  for (const [label, hex, text] of rows)
    it(`${label} ${hex}`, () => assert.equal(decodeCharset(label, Buffer.from(hex, 'hex')), text));
});

describe('htmlToText', () => {
  const rows: [html: string, text: string][] = [
    ['<p>Hello <b>world</b></p><p>two</p>', 'Hello world\ntwo'],
    ['a<br>b<br/>c', 'a\nb\nc'],
    ['a\n  b\t c', 'a b c'],
    ['<head><title>t</title></head><style>p{}</style>x<script>if (a<b) y</script>', 'x'],
    ['<td>a</td><td>b</td>', 'a b'],
    ['fish &amp; chips &euro;5 &#8364; &#x20AC; &nope; &#0;', 'fish & chips €5 € € &nope; \ufffd'],
    ['<a title="x > y" href=z>link</a>', 'link'],
    ["<a title='it\"s' x>link</a>", 'link'],
    ['<a title="open>text', 'text'],
    ['a < b and c <3', 'a < b and c <3'],
    ['x<!-- no --><![CDATA[y]]><?php z ?>w', 'xw'],
    ['x<!-- open', 'x'],
    ['<style>open', ''],
    ['<P STYLE="x">caps</P>', 'caps'],
    ['', ''],
    ['<', '<'],
    ['</', ''],
  ];
  for (const [html, text] of rows) it(JSON.stringify(html), () => assert.equal(htmlToText(html), text));
  it('stops at the limit', () =>
    assert.equal(htmlToText('<p>x</p>'.repeat(1_000), { charactersMax: 11 }).length <= 11, true));
});

const MESSAGE = Buffer.from(
  `From: a@example.com
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: multipart/alternative; boundary=alt

--alt
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

Gr=FC=DFe
--alt
Content-Type: text/html; charset=utf-8

<p>Schöne <i>Grüße</i></p>
--alt--
--b
Content-Type: application/pdf; name="a.pdf"
Content-Disposition: attachment; filename="Bericht.pdf"

%PDF
--b
Content-Type: message/rfc822

Subject: inner
From: Bob <bob@example.com>
Content-Type: multipart/mixed; boundary=in

--in

inner text
--in
Content-Type: text/plain; name=log.txt

log
--in--
--b
Content-Type: message/rfc822

Subject: plain inner

plain inner text
--b
Content-Type: message/global
Content-Transfer-Encoding: base64

U3ViamVjdDogaGlkZGVuCgpoaWRkZW4gdGV4dA==
--b--
`.replace(/\n/g, '\r\n'),
);
const { body } = parseMessage(MESSAGE);

describe('sections', () => {
  const rows: [section: string, text: 'HEADER' | 'TEXT' | 'MIME' | null, bytes: string | null][] = [
    ['1.1', null, 'Gr=FC=DFe'],
    ['1.2', 'MIME', 'Content-Type: text/html; charset=utf-8\r\n\r\n'],
    ['2', null, '%PDF'],
    [
      '3',
      'HEADER',
      'Subject: inner\r\nFrom: Bob <bob@example.com>\r\nContent-Type: multipart/mixed; boundary=in\r\n\r\n',
    ],
    ['3', 'TEXT', '--in\r\n\r\ninner text\r\n--in\r\nContent-Type: text/plain; name=log.txt\r\n\r\nlog\r\n--in--'],
    ['3', 'MIME', 'Content-Type: message/rfc822\r\n\r\n'],
    ['3.1', null, 'inner text'],
    ['3.1', 'MIME', '\r\n'],
    ['3.2', null, 'log'],
    ['4', 'TEXT', 'plain inner text'],
    ['4.1', null, 'plain inner text'],
    ['4.1', 'MIME', 'Subject: plain inner\r\n\r\n'],
    ['4.1.1', null, null],
    ['4.2', null, null],
    ['2', 'HEADER', null],
    ['2.1', null, null],
    ['5.1', null, null],
    ['6', null, null],
  ];
  for (const [section, text, bytes] of rows) {
    it(`${section} ${text ?? ''}`, () => {
      const range = sectionRange(body, section.split('.').map(Number), text);
      assert.equal(range && MESSAGE.toString('latin1', range.start, range.end), bytes);
    });
  }
  it('of the whole message', () => {
    assert.deepEqual(sectionRange(body, [], null), { start: 0, end: MESSAGE.length });
    assert.deepEqual(sectionRange(body, [], 'HEADER'), { start: 0, end: body.bodyStart });
    assert.deepEqual(sectionRange(body, [], 'TEXT'), { start: body.bodyStart, end: MESSAGE.length });
    assert.equal(sectionRange(body, [], 'MIME'), null);
  });
  it('of a message that is no multipart', () => {
    const single = parseMessage(Buffer.from('Subject: x\r\n\r\nbody')).body;
    assert.equal(findPart(single, '1'), single);
    assert.equal(findPart(single, '1.1'), null);
  });
  for (const section of ['', '0', '1.', '.1', '1..2', 'a', '1.0', '-1', '01']) {
    it(`refuses ${JSON.stringify(section)}`, () => assert.equal(findPart(body, section), null));
  }
});

describe('text of parts', () => {
  const bytesOf = (section: string): [Buffer, NonNullable<ReturnType<typeof findPart>>] => {
    const part = findPart(body, section)!;
    return [MESSAGE.subarray(part.bodyStart, part.end), part];
  };
  it('decodes', () => assert.equal(textOf(...bytesOf('1.1')), 'Grüße'));
  it('turns HTML into words', () => assert.equal(textOf(...bytesOf('1.2')), 'Schöne Grüße'));
  it('or leaves it', () => assert.equal(decodedText(...bytesOf('1.2')), '<p>Schöne <i>Grüße</i></p>'));
  it('is nothing for a file', () => assert.equal(textOf(...bytesOf('2')), ''));
  it('knows names', () =>
    assert.deepEqual(
      ['2', '3.2', '1.1'].map((section) => fileName(findPart(body, section)!)),
      ['Bericht.pdf', 'log.txt', null],
    ));
  it('lists what to read', () => assert.deepEqual(textParts(body).length, 5));
  it('finds everything a search should', () => {
    assert.deepEqual(
      [...searchableText(MESSAGE, body)],
      [
        'Grüße',
        'Schöne Grüße',
        'Bericht.pdf',
        'inner',
        'Bob bob@example.com',
        'inner text',
        'log.txt',
        'log',
        'plain inner',
        'plain inner text',
        'hidden',
        'hidden text',
      ],
    );
  });
});
