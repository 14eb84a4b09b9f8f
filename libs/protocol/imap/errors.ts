/**
 * What a client sent is not the protocol: the command is answered `BAD` with this text. `message` is ASCII without CR
 * or LF, is shown to the client and never quotes more of its bytes than a short token.
 */
export class ImapSyntaxError extends Error {
  override readonly name = 'ImapSyntaxError';
  /** `code` is a response code without brackets. */
  constructor(
    message: string,
    readonly code: string | null = null,
  ) {
    super(message);
  }
}

/** SEARCH, SORT or THREAD named a charset nobody here can read: `NO [BADCHARSET (…)]`. RFC 9051 §6.4.4. */
export class BadCharsetError extends Error {
  override readonly name = 'BadCharsetError';
}
