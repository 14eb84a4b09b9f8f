import { MANAGESIEVE_SYNTAX_LIMITS, type ManageSieveSyntaxLimits } from '#protocol/managesieve';
import { SIEVE_LIMITS, type SieveLimits } from '#protocol/sieve';

/** Bounds of one ManageSieve session. */
export interface ManageSieveLimits {
  readonly syntax: ManageSieveSyntaxLimits;
  readonly sieve: SieveLimits;
  /** A client that has sent nothing for this long is logged out. RFC 5804 §1.2: at least 30 minutes. */
  readonly idleTimeoutMs: number;
  /** Commands in a row that are no commands before the connection is closed: 20, as in IMAP. */
  readonly badCommandsMax: number;
}

export const DEFAULT_MANAGESIEVE_LIMITS: ManageSieveLimits = {
  syntax: MANAGESIEVE_SYNTAX_LIMITS,
  sieve: SIEVE_LIMITS,
  idleTimeoutMs: 30 * 60_000,
  badCommandsMax: 20,
};
