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
  const asQ = [...text].map((character) => encodeQ(character));
  const bytes = Buffer.byteLength(text);
  const isQShorter = asQ.reduce((sum, piece) => sum + piece.length, 0) <= Math.ceil(bytes / 3) * 4;
  const room = ENCODED_WORD_MAX - '=?utf-8?q??='.length;
  const words: string[] = [];
  let content = '';
  let size = 0;
  const finish = (): void => {
    if (content === '') return;
    words.push(isQShorter ? `=?utf-8?q?${content}?=` : `=?utf-8?b?${Buffer.from(content).toString('base64')}?=`);
    content = '';
    size = 0;
  };
  for (const [index, character] of [...text].entries()) {
    const piece = isQShorter ? asQ[index]! : character;
    const cost = isQShorter ? piece.length : Buffer.byteLength(piece);
    const total = size + cost;
    if ((isQShorter ? total : Math.ceil(total / 3) * 4) > room) finish();
    content += piece;
    size += cost;
  }
  finish();
  return words;
}

/** RFC 2047 §5 (3): only these may stand for themselves in a phrase. */
function encodeQ(character: string): string {
  if (character === ' ') return '_';
  if (/^[A-Za-z0-9!*+/-]$/.test(character)) return character;
  return Array.from(Buffer.from(character), (byte) => `=${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
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
