/** What a client sent is not the protocol: answered `-ERR` with this text, which is ASCII without CR or LF. */
export class Pop3SyntaxError extends Error {
  override readonly name = 'Pop3SyntaxError';
}
