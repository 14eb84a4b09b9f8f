import { assert } from '#stdx';

/** RFC 2047 §2: characters of one encoded word, delimiters included. */
const ENCODED_WORD_MAX = 75;
/** RFC 5322 §2.1.1. */
const LINE_SHOULD = 78;
const LINE_MUST = 998;

/**
 * Text for an unstructured field or a phrase: ASCII as it is, the stretch of words that is not as RFC 2047 encoded words in
 * UTF-8. Control characters, line ends among them, become spaces. `decodeHeaderField` gives the text back.
 */
export function encodeHeaderText(text: string): string {
  const clean = text.replace(/[\0-\x1f\x7f]+/g, ' ').toWellFormed();
  const words = clean.split(' ');
  const first = words.findIndex(needsEncoding);
  if (first < 0) return clean;
  const last = words.findLastIndex(needsEncoding);
  return [
    ...words.slice(0, first),
    ...encodedWords(words.slice(first, last + 1).join(' ')),
    ...words.slice(last + 1),
  ].join(' ');
}

/** A word that is not ASCII, would be taken for an encoded word, or could not be folded. */
function needsEncoding(word: string): boolean {
  return /[^\x20-\x7e]/.test(word) || word.includes('=?') || word.length > LINE_MUST - 100;
}

/** Encoded words that hold `text` whole, each by itself valid UTF-8 (RFC 2047 §5: no character is split). */
export function encodedWords(text: string): string[] {
  const isQ = isQShorter(text);
  const room = ENCODED_WORD_MAX - '=?utf-8?q??='.length;
  const words: string[] = [];
  let start = 0;
  let cost = 0;
  const finish = (end: number): void => {
    const bytes = Buffer.from(text.slice(start, end));
    if (bytes.length > 0) words.push(isQ ? `=?utf-8?q?${encodeQ(bytes)}?=` : `=?utf-8?b?${bytes.toString('base64')}?=`);
    start = end;
    cost = 0;
  };
  for (let at = 0; at < text.length; ) {
    const code = text.codePointAt(at)!;
    const next = at + (code > 0xffff ? 2 : 1);
    const added = isQ && !isPlainInQ(code) ? 3 * utf8Length(code) : utf8Length(code);
    if ((isQ ? cost + added : Math.ceil((cost + added) / 3) * 4) > room) finish(at);
    cost += added;
    at = next;
  }
  finish(text.length);
  return words;
}

function isQShorter(text: string): boolean {
  const bytes = Buffer.from(text);
  let length = 0;
  for (const byte of bytes) length += isPlainInQ(byte) ? 1 : 3;
  return length <= Math.ceil(bytes.length / 3) * 4;
}

/** RFC 2047 §5 (3): only these may stand for themselves in a phrase; a blank is one underscore. */
function isPlainInQ(code: number): boolean {
  return code === 0x20 || PLAIN_IN_Q.has(code);
}

const PLAIN_IN_Q = new Set(Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/'));

function utf8Length(code: number): number {
  if (code < 0x80) return 1;
  if (code < 0x800) return 2;
  return code > 0xffff ? 4 : 3;
}

function encodeQ(bytes: Buffer): string {
  let text = '';
  for (const byte of bytes) {
    if (byte === 0x20) text += '_';
    else if (isPlainInQ(byte)) text += String.fromCharCode(byte);
    else text += `=${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return text;
}

/**
 * A header field with its line end, folded at blanks to 78 columns where there are any, and by force before 998 (RFC 5322
 * §2.1.1). `value` is written as it is, so encode text first; line ends in it become spaces: no field can be smuggled in.
 */
export function headerField(name: string, value: string): string {
  assert(/^[\x21-\x39\x3b-\x7e]{1,76}$/.test(name), `not a field name: ${name}`);
  const lines: string[] = [];
  let line = `${name}:`;
  for (const word of value
    .replace(/[\r\n\0]+/g, ' ')
    .trim()
    .split(' ')
    .flatMap(broken)) {
    // A line of nothing but blanks would be obsolete syntax, and so would one after the name alone.
    if (word !== '' && line.length + 1 + word.length > LINE_SHOULD && line.length > name.length + 1) {
      lines.push(line);
      line = '';
    }
    line += ` ${word}`;
  }
  lines.push(line);
  return `${lines.join('\r\n')}\r\n`;
}

/** Pieces of a word too long for any line. Bytes count: the text may be UTF-8 (RFC 6532 §3.4). */
function broken(word: string): string[] {
  if (word.length < LINE_MUST / 4) return [word];
  const pieces: string[] = [];
  let piece = '';
  let bytes = 0;
  for (const character of word) {
    const size = Buffer.byteLength(character);
    if (bytes + size > LINE_MUST - 80) {
      pieces.push(piece);
      piece = '';
      bytes = 0;
    }
    piece += character;
    bytes += size;
  }
  return [...pieces, piece];
}
