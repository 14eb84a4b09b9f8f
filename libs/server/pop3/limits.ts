/** Bounds of one POP3 session. Each has a default that says where it comes from. */
export interface Pop3Limits {
  /** A command's line, its end included. 1,024: RFC 2449 §4 asks for 255, UTF-8 triples a name. */
  readonly lineBytesMax: number;
  /** A client that has sent nothing for this long is logged out. RFC 1939 §3: at least 10 minutes. */
  readonly idleTimeoutMs: number;
  /** Commands in a row that are none before the connection is closed: 20, as for IMAP. */
  readonly badCommandsMax: number;
  /** A client that has been silent this long gives its maildrop up to another one. 20,000: clients look every minute at most often. */
  readonly lockIdleMs: number;
  /** How long a newcomer waits for a maildrop. 10,000: clients wait 30 seconds and more for an answer. */
  readonly lockWaitMs: number;
}

export const DEFAULT_POP3_LIMITS: Pop3Limits = {
  lineBytesMax: 1_024,
  idleTimeoutMs: 10 * 60_000,
  badCommandsMax: 20,
  lockIdleMs: 20_000,
  lockWaitMs: 10_000,
};
