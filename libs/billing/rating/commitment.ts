import { toMajor, toMinor } from './currency.ts';
import type { BillingPeriod, Span } from './period.ts';
import { shareOfDays } from './period.ts';
import { multiply, type Ratio, subtract } from './ratio.ts';

/** A least amount a full period, in major units, for the dates `span` covers. */
export interface Commitment {
  readonly amount: Ratio;
  readonly span: Span;
}

/** max(0, commitment · days ÷ days of the period − what the eligible lines came to), in minor units. */
export function trueUp(period: BillingPeriod, commitment: Commitment, eligible: bigint, currency: string): bigint {
  const owed = multiply(commitment.amount, shareOfDays(period, commitment.span));
  const missing = toMinor(subtract(owed, toMajor(eligible, currency)), currency);
  return missing > 0n ? missing : 0n;
}
