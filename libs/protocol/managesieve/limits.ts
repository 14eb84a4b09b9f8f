/** What one command may take. */
export interface ManageSieveSyntaxLimits {
  /** Bytes of a line, CRLF included. Default 8,192: RFC 5804 §1.2 bounds a quoted string to 1,024 octets, a command has three. */
  readonly lineBytesMax: number;
  /** Bytes of a literal that is taken. Default 262,144: the largest script the store keeps. */
  readonly literalBytesMax: number;
  /** Bytes of a literal that is read and thrown away, so that the connection can go on. Default 4 MiB; a larger one ends it. */
  readonly discardedBytesMax: number;
  /** Arguments of a command. Default 8: no command has more than two. */
  readonly argumentsMax: number;
}

export const MANAGESIEVE_SYNTAX_LIMITS: ManageSieveSyntaxLimits = {
  lineBytesMax: 8_192,
  literalBytesMax: 262_144,
  discardedBytesMax: 4 * 1024 * 1024,
  argumentsMax: 8,
};
