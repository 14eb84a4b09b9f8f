import { isUtf8 } from 'node:buffer';
import { TextDecoder } from 'node:util';

/** Labels of mail that the WHATWG list (encoding.spec.whatwg.org §4.2) does not know. */
const ALIASES: Readonly<Record<string, string>> = {
  cp932: 'shift_jis',
  ms932: 'shift_jis',
  'x-sjis-jp': 'shift_jis',
  'iso-2022-jp-1': 'iso-2022-jp',
  'iso-2022-jp-2': 'iso-2022-jp',
  'iso-2022-jp-3': 'iso-2022-jp',
  'iso-2022-jp-ms': 'iso-2022-jp',
  cp50220: 'iso-2022-jp',
  cp51932: 'euc-jp',
  cp936: 'gbk',
  ms936: 'gbk',
  'windows-936': 'gbk',
  'gb2312-80': 'gbk',
  cp949: 'euc-kr',
  ms949: 'euc-kr',
  uhc: 'euc-kr',
  cp950: 'big5',
  ms950: 'big5',
  'windows-950': 'big5',
  'utf-8mb4': 'utf-8',
  utf8mb4: 'utf-8',
  'utf-7-imap': 'utf-7',
  utf7: 'utf-7',
  'unicode-1-1-utf-7': 'utf-7',
  'x-unicode-2-0-utf-7': 'utf-7',
  latin: 'iso-8859-1',
  'latin-1': 'iso-8859-1',
  'latin-15': 'iso-8859-15',
  '8859-1': 'iso-8859-1',
  iso8859_1: 'iso-8859-1',
  '8859_1': 'iso-8859-1',
  ansi: 'windows-1252',
  'x-ansi': 'windows-1252',
  'x-mac-ce': 'macintosh',
  'us-ascii-7': 'us-ascii',
  '7bit': 'us-ascii',
  '646': 'us-ascii',
};

/** Kept, as mail repeats a few labels; only those that are known, of which there are some 230. */
const decoders = new Map<string, TextDecoder>();

/** A decoder for a label, `null` when nobody knows it. */
function decoderOf(label: string): TextDecoder | null {
  const known = decoders.get(label);
  if (known) return known;
  try {
    const decoder = new TextDecoder(label);
    decoders.set(label, decoder);
    return decoder;
  } catch {
    // An unknown label: the caller guesses.
    return null;
  }
}

/** Canonical lower-case name: quotes, blanks and an RFC 2231 language suffix removed, aliases followed. */
function canonical(label: string): string {
  const name = /^[a-z0-9._:-]+$/.test(label) ? label : label.replace(/\*.*|["'\s]/gs, '').toLowerCase();
  return Object.hasOwn(ALIASES, name) ? ALIASES[name]! : name;
}

/**
 * Bytes in a charset as text; never throws, never refuses. Labels are WHATWG's plus the mail world's aliases. An unknown or
 * missing label, and ASCII that is not, is read as UTF-8 where it is valid UTF-8, else as windows-1252.
 */
export function decodeCharset(label: string | null | undefined, bytes: Uint8Array): string {
  const name = label ? canonical(label) : '';
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (name === 'utf-8' || name === 'utf8') return withoutMark(buffer.toString('utf8'));
  if (name === 'utf-7') return decodeUtf7(buffer.toString('latin1'));
  if (name === 'iso-2022-kr') return decodeIso2022Kr(buffer);
  if (name === 'hz-gb-2312') return decodeHz(buffer);
  if (name === '' || name === 'us-ascii' || name === 'ascii') return guess(buffer);
  const decoder = decoderOf(name);
  if (!decoder) return guess(buffer);
  return decoder.decode(decoder.encoding === 'iso-2022-jp' ? withoutIdleEscapes(buffer) : buffer);
}

/** WHATWG's decoder marks as an error a return to ASCII that nothing follows, as joined encoded words have; mail means nothing by it. */
function withoutIdleEscapes(bytes: Buffer): Buffer {
  const text = bytes.toString('latin1');
  return /\x1b\([BJ]\x1b/.test(text) ? Buffer.from(text.replace(/\x1b\([BJ](?=\x1b)/g, ''), 'latin1') : bytes;
}

function guess(buffer: Buffer): string {
  return isUtf8(buffer) ? withoutMark(buffer.toString('utf8')) : decoderOf('windows-1252')!.decode(buffer);
}

function withoutMark(text: string): string {
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

/** RFC 2152. Sequences that are not modified base64 stay as they are. */
function decodeUtf7(text: string): string {
  return text.replace(/\+([A-Za-z0-9+/]*)-?/g, (whole, base64: string) => {
    if (base64 === '') return whole === '+-' ? '+' : whole;
    const units = Buffer.from(base64, 'base64');
    return decoderOf('utf-16be')!.decode(units.subarray(0, units.length & ~1));
  });
}

const SHIFT_OUT = 0x0e;
const SHIFT_IN = 0x0f;
const ESCAPE = 0x1b;

/** RFC 1557: between SO and SI, bytes are KS X 1001 with the high bit off; the announcing ESC $ ) C is dropped. */
function decodeIso2022Kr(bytes: Buffer): string {
  const out = Buffer.allocUnsafe(bytes.length);
  let length = 0;
  let high = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if (byte === SHIFT_OUT) high = 0x80;
    else if (byte === SHIFT_IN) high = 0;
    else if (byte === ESCAPE && bytes[i + 1] === 0x24) i += 3;
    else out[length++] = byte > 0x20 ? byte | high : byte;
  }
  return decoderOf('euc-kr')!.decode(out.subarray(0, length));
}

const TILDE = 0x7e;

/** RFC 1843: between ~{ and ~}, bytes are GB 2312 with the high bit off; ~~ is a tilde, ~ and a line end nothing. */
function decodeHz(bytes: Buffer): string {
  const out = Buffer.allocUnsafe(bytes.length);
  let length = 0;
  let high = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    const next = byte === TILDE ? bytes[i + 1] : undefined;
    if (next === 0x7b || next === 0x7d || next === TILDE || next === 0x0a) {
      if (next === 0x7b) high = 0x80;
      else if (next === 0x7d) high = 0;
      else if (next === TILDE) out[length++] = TILDE;
      i++;
    } else {
      out[length++] = byte > 0x20 ? byte | high : byte;
    }
  }
  return decoderOf('gbk')!.decode(out.subarray(0, length));
}
