/** Bounds of what a client may send. Sizes in bytes. */
export interface ImapSyntaxLimits {
  /** One line without its literals, CRLF included. RFC 7162 §4 asks for 8,192 at least; 65,536 is Dovecot's `imap_max_line_length`. */
  readonly lineBytesMax: number;
  /** One literal that is an argument (a name, a search text), not a message. */
  readonly argumentLiteralBytesMax: number;
  /** All lines and argument literals of one command together. */
  readonly commandBytesMax: number;
  /** A refused non-synchronizing literal is read and thrown away up to this size; past it the connection ends (RFC 7888 §4). */
  readonly discardedLiteralBytesMax: number;
}

export const DEFAULT_IMAP_SYNTAX_LIMITS: ImapSyntaxLimits = {
  lineBytesMax: 65_536,
  argumentLiteralBytesMax: 65_536,
  commandBytesMax: 262_144,
  discardedLiteralBytesMax: 134_217_728,
};

/** Parentheses within parentheses, NOT NOT NOT …: deeper is refused. SEARCH trees written by people stay below ten. */
export const NESTING_MAX = 50;
/** Ranges in one sequence set. A 64 KiB line holds fewer than this. */
export const SEQUENCE_RANGES_MAX = 32_768;
/** Keys in one SEARCH program. */
export const SEARCH_KEYS_MAX = 2_000;
