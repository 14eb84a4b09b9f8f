/** What replies need to know besides their action. */
export interface ReplyFacts {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Without angle brackets; unique. */
  readonly messageId: string;
  /** Primary address of the account. */
  readonly owner: string;
  /** The message replied to. */
  readonly header: Buffer;
}
