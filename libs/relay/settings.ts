/** How long to wait for each answer. Defaults: RFC 5321 §4.5.3.2's minimums. */
export interface RelayTimeouts {
  /** §4.5.3.2.1; EHLO and AUTH too. */
  readonly greetingMs: number;
  /** §4.5.3.2.2 and §4.5.3.2.3: MAIL and RCPT. */
  readonly commandMs: number;
  /** §4.5.3.2.4. */
  readonly dataMs: number;
  /** §4.5.3.2.5: for the other side to take a block. */
  readonly blockMs: number;
  /** §4.5.3.2.6. */
  readonly finalMs: number;
}

export const RELAY_TIMEOUTS: RelayTimeouts = {
  greetingMs: 300_000,
  commandMs: 300_000,
  dataMs: 120_000,
  blockMs: 180_000,
  finalMs: 600_000,
};

/** Inside a cluster an answer takes milliseconds; a node that has not answered in this time is better looked up again. */
export const INNER_TIMEOUTS: RelayTimeouts = {
  greetingMs: 5_000,
  commandMs: 10_000,
  dataMs: 10_000,
  blockMs: 30_000,
  finalMs: 60_000,
};
