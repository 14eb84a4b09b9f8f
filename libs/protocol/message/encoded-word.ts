import { decodeCharset } from './charset.ts';
import { hexPair } from './hex.ts';

/** One =?charset?encoding?text?= and where it lies. */
interface EncodedWord {
  readonly start: number;
  readonly end: number;
  readonly charset: string;
  readonly bytes: Buffer;
}

/**
 * Replaces RFC 2047 encoded words. Blanks between two are dropped (§6.2); neighbours in one charset are joined before
 * decoding, as senders split characters across them. Also inside quoted strings and words, and with blanks in the text,
 * which §5 and §2 forbid and mail does. What is not an encoded word stays as it is. Never throws; control characters become spaces.
 */
export function decodeEncodedWords(text: string): string {
  if (!text.includes('=?')) return text;
  const out: string[] = [];
  let at = 0;
  let run: EncodedWord[] = [];
  for (const word of encodedWords(text)) {
    const between = text.slice(at, word.start);
    const adjacent = run.length > 0 && between.trim() === '';
    if (!adjacent || run[0]!.charset !== word.charset) {
      out.push(decodeRun(run));
      run = [];
      if (!adjacent) out.push(between);
    }
    run.push(word);
    at = word.end;
  }
  out.push(decodeRun(run), text.slice(at));
  return out.join('');
}

function decodeRun(run: readonly EncodedWord[]): string {
  if (run.length === 0) return '';
  const bytes = run.length === 1 ? run[0]!.bytes : Buffer.concat(run.map((word) => word.bytes));
  return decodeCharset(run[0]!.charset, bytes).replace(/[\0-\x1f\x7f]+/g, ' ');
}

function* encodedWords(text: string): Generator<EncodedWord> {
  // Once no "?=" follows, none follows any later start either: the search stays linear.
  for (let start = text.indexOf('=?'); start >= 0; ) {
    const charsetEnd = text.indexOf('?', start + 2);
    const textStart = charsetEnd + 3;
    if (charsetEnd < 0) return;
    const isWord = text[charsetEnd + 2] === '?' && isCharset(text.slice(start + 2, Math.min(charsetEnd, start + 82)));
    const encoding = isWord ? text[charsetEnd + 1]!.toLowerCase() : '';
    if (encoding === 'q' || encoding === 'b') {
      const end = text.indexOf('?=', textStart);
      if (end < 0) return;
      const charset = text.slice(start + 2, charsetEnd).toLowerCase();
      const encoded = text.slice(textStart, end);
      yield {
        start,
        end: end + 2,
        charset,
        bytes: encoding === 'b' ? Buffer.from(encoded, 'base64') : decodeQ(encoded, charset),
      };
      start = text.indexOf('=?', end + 2);
    } else {
      start = text.indexOf('=?', start + 2);
    }
  }
}

/** 80 characters are more than any name on IANA's list. */
function isCharset(name: string): boolean {
  return name.length > 0 && name.length < 80 && /^[^\s()<>@,;:"/[\]?=]+$/.test(name);
}

const UNDERSCORE = 0x5f;
const EQUALS = 0x3d;

/** RFC 2047 §4.2; an = without two hex digits stays. 8-bit characters that were never encoded go back to the bytes they came from. */
function decodeQ(text: string, charset: string): Buffer {
  const sent = Buffer.from(text, charset.startsWith('utf-8') || /[^\0-\xff]/.test(text) ? 'utf8' : 'latin1');
  let length = 0;
  for (let at = 0; at < sent.length; at++) {
    const byte = sent[at]!;
    const hex = byte === EQUALS ? hexPair(sent, at + 1) : -1;
    if (hex >= 0) at += 2;
    sent[length++] = hex >= 0 ? hex : byte === UNDERSCORE ? 0x20 : byte;
  }
  return sent.subarray(0, length);
}
