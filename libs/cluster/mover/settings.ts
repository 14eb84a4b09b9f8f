export interface AccountMoverSettings {
  /** The ledger is looked through this often. 500. */
  readonly turnMs: number;
  /** Accounts on their way at once. 4: a move reads and writes as fast as the disks let it. */
  readonly movesMax: number;
  /** A pass that took no longer leaves so little that the account may be held for the rest. 150: half of what a hold may take. */
  readonly lastPassMs: number;
  /** Passes before the account is held however long the last one took: who changes faster than it is copied never gets there. 20. */
  readonly passesMax: number;
  /** A hold that has come to nothing for so long is given up, and the account served where it was. 2,000. */
  readonly holdMsMax: number;
  /** What the source had is kept for so long after the placement changed. An hour, as Dovecot Pro's mover refers for one. */
  readonly graceMs: number;
  /** Shortest and longest wait before a move in trouble is tried again. 500 and 30,000. */
  readonly retryMsMin: number;
  readonly retryMsMax: number;
}

export const DEFAULT_MOVER_SETTINGS: AccountMoverSettings = {
  turnMs: 500,
  movesMax: 4,
  lastPassMs: 150,
  passesMax: 20,
  holdMsMax: 2_000,
  graceMs: 3_600_000,
  retryMsMin: 500,
  retryMsMax: 30_000,
};
