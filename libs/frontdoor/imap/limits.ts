import type { ImapSyntaxLimits } from '#protocol/imap';

/** What a stranger may send: a SASL initial response of 12,288 octets (RFC 4954's figure) in a line, a password in a literal. */
export const LOGIN_SYNTAX_LIMITS: ImapSyntaxLimits = {
  lineBytesMax: 16_384,
  argumentLiteralBytesMax: 1_024,
  commandBytesMax: 20_480,
  discardedLiteralBytesMax: 65_536,
};
