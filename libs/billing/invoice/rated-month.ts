import type { BillingAccount } from '#billing/api';
import type { RatedPeriod, RatingInput } from '#billing/rating';

/** One partner's month, rated. */
export interface RatedMonth {
  readonly account: BillingAccount;
  readonly rated: RatedPeriod;
  /** Usage is counted up to here. */
  readonly asOf: number;
  /** Number of the last event counted: with it the same month comes out again for ever. */
  readonly cutoff: bigint;
  /** Resource → its name for people. */
  readonly labels: ReadonlyMap<string, string>;
  /** Line by line, what was used on each local date: for pictures. */
  readonly daily: readonly (readonly number[])[];
  /** All that it was rated from. */
  readonly input: RatingInput;
}
