import { REDIRECT_LIMITS, type RedirectLimits, SIEVE_LIMITS, type SieveLimits } from '#protocol/sieve';
import type { Random } from '#stdx';

/** Running scripts at delivery. */
export interface SieveDeliverySettings {
  readonly limits: SieveLimits;
  readonly redirects: RedirectLimits;
  /** UTF-8 bytes of scripts kept compiled. Default 8 MiB: some thousand scripts of ordinary size. */
  readonly compiledBytesMax: number;
  /** Bytes of a message that `body` is given; a longer one is looked at so far. Default 16 MiB: several may be at work at once. */
  readonly bodyBytesMax: number;
  /** Separator of plus addressing, for `subaddress`. Default `+`. */
  readonly subaddressSeparator: string;
}

export const SIEVE_DELIVERY_SETTINGS: SieveDeliverySettings = {
  limits: SIEVE_LIMITS,
  redirects: REDIRECT_LIMITS,
  compiledBytesMax: 8 * 1024 * 1024,
  bodyBytesMax: 16 * 1024 * 1024,
  subaddressSeparator: '+',
};

export interface SieveDeliveryOptions {
  /** Ours: in Message-IDs, and what scripts see as `host`. */
  readonly hostname: string;
  readonly random: Random;
  /** What scripts see as `version`. */
  readonly version: string;
  readonly settings?: Partial<SieveDeliverySettings>;
}
