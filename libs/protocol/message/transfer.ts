import { asBuffer } from '#stdx';
import { hexPair } from './hex.ts';
import type { TransferDecoder } from './transfer-decoder.ts';
import { UuDecoder } from './uuencode.ts';

const NOTHING = Buffer.alloc(0);

/**
 * The decoder for a Content-Transfer-Encoding (RFC 2045 §6; also uuencode, which old mail names x-uuencode). Tolerant: what
 * base64 does not know is skipped, a = that begins no quoted-printable sequence stays. An unknown encoding is passed through.
 */
export function decodeTransfer(encoding: string): TransferDecoder {
  switch (encoding.toLowerCase()) {
    case 'base64':
      return new Base64Decoder();
    case 'quoted-printable':
      return new QuotedPrintableDecoder();
    case 'x-uuencode':
    case 'x-uue':
    case 'uuencode':
    case 'uue':
      return new UuDecoder();
    default:
      return { push: asBuffer, end: () => NOTHING };
  }
}

const ENCODINGS = new Set(['base64', 'quoted-printable', 'x-uuencode', 'x-uue', 'uuencode', 'uue']);

/** Whether a Content-Transfer-Encoding changes the bytes; one nobody knows is taken for one that does not. */
export function isEncoded(encoding: string): boolean {
  return ENCODINGS.has(encoding.toLowerCase());
}

const IDENTITIES = new Set(['7bit', '8bit', 'binary']);

/** Whether `decodeTransfer` knows the encoding, rather than passing it through: IMAP's BINARY must refuse others (RFC 9051 §7.1, UNKNOWN-CTE). */
export function isKnownEncoding(encoding: string): boolean {
  return IDENTITIES.has(encoding.toLowerCase()) || isEncoded(encoding);
}

/** `decodeTransfer` of bytes that are all there. */
export function decodeTransferAll(encoding: string, bytes: Uint8Array): Buffer {
  const decoder = decodeTransfer(encoding);
  const head = decoder.push(bytes);
  const tail = decoder.end();
  return tail.length === 0 ? head : Buffer.concat([head, tail]);
}

/** Value of each base64 character; 64 for padding, 255 for what is to be skipped. */
const BASE64 = (() => {
  const table = new Uint8Array(256).fill(255);
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  for (let i = 0; i < 64; i++) table[alphabet.charCodeAt(i)] = i;
  table['-'.charCodeAt(0)] = 62;
  table['_'.charCodeAt(0)] = 63;
  table['='.charCodeAt(0)] = 64;
  return table;
})();

/** RFC 2045 §6.8. Padding in the middle starts anew, as joined encodings need. */
class Base64Decoder implements TransferDecoder {
  private bits = 0;
  private count = 0;

  push(chunk: Uint8Array): Buffer {
    const out = Buffer.allocUnsafe(((chunk.length + 3) * 3) >> 2);
    let length = 0;
    let { bits, count } = this;
    for (let i = 0; i < chunk.length; i++) {
      const value = BASE64[chunk[i]!]!;
      if (value < 64) {
        bits = (bits << 6) | value;
        if (++count === 4) {
          out[length++] = bits >> 16;
          out[length++] = bits >> 8;
          out[length++] = bits;
          bits = count = 0;
        }
      } else if (value === 64) {
        length = flush(out, length, bits, count);
        bits = count = 0;
      }
    }
    this.bits = bits;
    this.count = count;
    return out.subarray(0, length);
  }

  end(): Buffer {
    const out = Buffer.allocUnsafe(2);
    return out.subarray(0, flush(out, 0, this.bits, this.count));
  }
}

/** The one or two bytes that two or three characters hold. */
function flush(out: Buffer, at: number, bits: number, count: number): number {
  let length = at;
  if (count === 2) out[length++] = bits >> 4;
  if (count === 3) {
    out[length++] = bits >> 10;
    out[length++] = bits >> 2;
  }
  return length;
}

const EQUALS = 0x3d;
const CR = 0x0d;
const LF = 0x0a;
const SPACE = 0x20;
const TAB = 0x09;
/** Blanks held back as they may end a line; a longer run is written and so kept. */
const BLANKS_MAX = 1_000;

/** RFC 2045 §6.7: soft line breaks vanish, blanks before a line end too (rule 3). */
class QuotedPrintableDecoder implements TransferDecoder {
  /** What could not be judged yet: blanks, or the start of an = sequence. */
  private held: Buffer = NOTHING;

  push(chunk: Uint8Array): Buffer {
    return this.decode(this.held.length > 0 ? Buffer.concat([this.held, chunk]) : asBuffer(chunk), false);
  }

  end(): Buffer {
    return this.decode(this.held, true);
  }

  private decode(bytes: Buffer, last: boolean): Buffer {
    const out = Buffer.allocUnsafe(bytes.length);
    let length = 0;
    let at = 0;
    this.held = NOTHING;
    while (at < bytes.length) {
      const byte = bytes[at]!;
      // A blank before a visible character is one; so is nearly every other byte.
      if (byte !== EQUALS && ((byte !== SPACE && byte !== TAB) || bytes[at + 1]! > SPACE)) {
        out[length++] = byte;
        at++;
        continue;
      }
      const end = byte === EQUALS ? blanksEnd(bytes, at + 1) : blanksEnd(bytes, at);
      const undecided = end === bytes.length || (bytes[end] === CR && end + 1 === bytes.length);
      const hex = byte === EQUALS ? hexPair(bytes, at + 1) : -1;
      const halfHex = byte === EQUALS && at + 2 >= bytes.length;
      if (!last && hex < 0 && (undecided || halfHex) && end - at < BLANKS_MAX) {
        this.held = Buffer.from(bytes.subarray(at));
        break;
      }
      const newline = bytes[end] === LF || (bytes[end] === CR && bytes[end + 1] === LF);
      if (hex >= 0) {
        out[length++] = hex;
        at += 3;
      } else if (byte === EQUALS && newline) {
        at = end + (bytes[end] === CR ? 2 : 1);
      } else if (byte === EQUALS) {
        // A soft break cut off by the end of the part is one; any other = stays.
        if (!(last && end === bytes.length)) out[length++] = byte;
        at++;
      } else {
        if (!newline) length += bytes.copy(out, length, at, end);
        at = end;
      }
    }
    return out.subarray(0, length);
  }
}

function blanksEnd(bytes: Buffer, from: number): number {
  let end = from;
  while (bytes[end] === SPACE || bytes[end] === TAB) end++;
  return end;
}
