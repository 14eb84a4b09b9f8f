import { encodeQuotedPrintable } from './quoted-printable.ts';

/** MIME fields and body of plain text, CRLF line ends: as it is when it is short-lined ASCII, else quoted-printable. */
export function textEntity(text: string): string {
  const lines = text
    .toWellFormed()
    .replace(/\0/g, '')
    .split(/\r\n|\r|\n/);
  const isPlain = lines.every((line) => line.length <= 200 && !/[^\x20-\x7e\t]/.test(line));
  const body = isPlain ? lines.join('\r\n') : lines.map(encodeQuotedPrintable).join('\r\n');
  return [
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    `Content-Transfer-Encoding: ${isPlain ? '7bit' : 'quoted-printable'}`,
    '',
    body.endsWith('\r\n') ? body : `${body}\r\n`,
  ].join('\r\n');
}
