import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseAddressList } from './address-list.ts';
import { parseDate } from './date.ts';
import { decodeHeaderField } from './header-text.ts';
import { htmlToText } from './html-text.ts';
import { messageIds } from './message-id.ts';
import { messageParser } from './message-parser.ts';
import { parseParameterized } from './parameters.ts';
import { baseSubject } from './subject.ts';

const MEGABYTE = 2 ** 20;
/** The slowest input takes about 0.6 s for 10 MB where this was written; a busy machine may take much longer, a quadratic one for ever. */
const PATIENCE_MS = 15_000;

/** `head`, then `unit` over and over in chunks of 64 KB. */
function* flood(head: string, unit: string, bytes: number): Generator<Buffer> {
  yield Buffer.from(head, 'latin1');
  const chunk = Buffer.from(unit.repeat(Math.ceil(65_536 / unit.length)), 'latin1');
  for (let sent = 0; sent < bytes; sent += chunk.length) yield chunk;
}

function openBoundaries(boundary: (i: number) => string): string {
  let text = '';
  for (let i = 0; i < 150; i++)
    text += `Content-Type: multipart/mixed; boundary="${boundary(i)}"\r\n\r\n--${boundary(i)}\r\n`;
  return `${text}\r\n`;
}

describe('hostile messages cost time in proportion and bounded memory', () => {
  const multi = 'Content-Type: multipart/mixed; boundary=b\r\n\r\n';
  const rows: [what: string, head: string, unit: string, megabytes?: number][] = [
    ['one line of 50 MB', '\r\n', 'x', 50],
    ['one header line of 50 MB', 'Subject: ', 'x', 50],
    ['empty lines', '\r\n', '\n'],
    ['100,000s of headers', '', 'X-Header: value\r\n'],
    ['header lines without colon', '', 'abc\n'],
    ['parts without end', multi, '--b\r\n\r\n'],
    ['parts with long fields', multi, `--b\r\nContent-Description: ${'x'.repeat(5_000)}\r\n\r\n`],
    ['messages without end', 'Content-Type: multipart/digest; boundary=b\r\n\r\n', '--b\r\n\r\nSubject: x\r\n\r\n'],
    ['messages in messages', '', 'Content-Type: message/rfc822\r\n\r\n'],
    ['lines that may be boundaries', openBoundaries((i) => `b${i}`), '--\n'],
    ['boundaries that nearly match', openBoundaries((i) => `a${String.fromCharCode(40 + (i % 80))}${i}`), '--am\n'],
    ['boundaries of which each begins the next', openBoundaries((i) => 'a'.repeat(i + 1)), `--${'a'.repeat(99)}\n`],
    ['boundaries of 3 KB', openBoundaries((i) => 'a'.repeat(3_000) + i), `--${'a'.repeat(3_000)}\n`],
    ['HTML without text', 'Content-Type: text/html\r\n\r\n', '<a ="'],
    ['quoted-printable blanks', 'Content-Transfer-Encoding: quoted-printable\r\n\r\n', '= '],
  ];
  for (const [what, head, unit, megabytes = 5] of rows) {
    it(what, () => {
      const parser = messageParser();
      const start = performance.now();
      let bytes = 0;
      let peak = 0;
      const before = process.memoryUsage().arrayBuffers;
      for (const chunk of flood(head, unit, megabytes * MEGABYTE)) {
        parser.push(chunk);
        bytes += chunk.length;
        peak = Math.max(peak, process.memoryUsage().arrayBuffers - before);
      }
      const parsed = parser.end();
      assert.equal(parsed.size, bytes);
      assert.ok(performance.now() - start < PATIENCE_MS);
      // Buffers wait for the collector; what is kept is a header block, the text of a preview and a line.
      assert.ok(peak < 40 * MEGABYTE, `${peak} bytes of buffers`);
      assert.ok(JSON.stringify(parsed).length < 16 * MEGABYTE);
    });
  }
});

describe('hostile header values and HTML cost time in proportion', () => {
  const floods = [
    '=?',
    '=?a?q?x ',
    '=?utf-8?b?4oKs?= ',
    '"\\',
    '(',
    '((\\',
    '<',
    '<a',
    '[a ',
    ':',
    ',',
    ';',
    '@',
    ';a="',
    ';a*1=b',
    '; a b',
    ';a=(',
    'a=b ',
    '[a]',
    're[a]',
    'Re: ',
    '(fwd)',
    '1 ',
    '\r\n',
    ' ',
    '<style></',
    '<a ="',
    "<b x='",
    '&#x',
    '&a',
    '<!--',
    '<!',
    '</',
    '\0',
  ];
  const parsers: [name: string, parse: (text: string) => unknown][] = [
    ['parseAddressList', (text) => parseAddressList(text)],
    ['decodeHeaderField', (text) => decodeHeaderField(text)],
    ['parseParameterized', (text) => parseParameterized(`a/b;${text}`)],
    ['parseDate', parseDate],
    ['messageIds', messageIds],
    ['baseSubject', baseSubject],
    ['htmlToText', (text) => htmlToText(text)],
  ];
  for (const [name, parse] of parsers) {
    it(name, () => {
      for (const unit of floods) {
        const text = unit.repeat(Math.ceil(MEGABYTE / 4 / unit.length));
        const start = performance.now();
        parse(text);
        assert.ok(performance.now() - start < 2_000, `${JSON.stringify(unit)} took ${performance.now() - start} ms`);
      }
    });
  }
});
