/** The announcement of a literal at the end of a line. RFC 9051 §4.3, RFC 7888 `+`, RFC 3516 `~`. */
export interface LiteralHeader {
  /** Bytes that follow the CRLF. */
  readonly size: number;
  /** The client waits for `+` before it sends them. */
  readonly synchronizing: boolean;
  /** literal8: may hold NUL. */
  readonly binary: boolean;
  /** Bytes of the announcement itself, `~` and braces included. */
  readonly headerBytes: number;
}

/** The longest announcement: `~{` 16 digits `+}`. */
export const LITERAL_HEADER_BYTES_MAX = 20;

const CLOSE = 0x7d;
const OPEN = 0x7b;
const PLUS = 0x2b;
const TILDE = 0x7e;
const DIGITS_MAX = 16;

/**
 * Reads the announcement that ends `line` (without its CRLF), if there is one. The hub's scanner and the node's framer both
 * decide by this function alone, so that they never disagree about where a command ends.
 */
export function literalHeader(line: Uint8Array, end = line.length): LiteralHeader | null {
  let at = end - 1;
  if (at < 2 || line[at] !== CLOSE) return null;
  at--;
  const synchronizing = line[at] !== PLUS;
  if (!synchronizing) at--;
  const lastDigit = at;
  let size = 0;
  let scale = 1;
  while (at >= 0 && lastDigit - at < DIGITS_MAX && isDigit(line[at]!)) {
    size += (line[at]! - 0x30) * scale;
    scale *= 10;
    at--;
  }
  if (at === lastDigit || at < 0 || line[at] !== OPEN) return null;
  const binary = at > 0 && line[at - 1] === TILDE;
  return { size, synchronizing, binary, headerBytes: end - at + (binary ? 1 : 0) };
}

const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;
