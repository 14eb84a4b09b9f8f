import { type Commitment, trueUp } from './commitment.ts';
import { type Coupon, discountOf } from './coupon.ts';
import { toMajor } from './currency.ts';
import { digestOf } from './digest.ts';
import { type PricedSegment, type RatedLine, rateLines, type Usage } from './line.ts';
import type { BillingPeriod } from './period.ts';
import { ONE } from './ratio.ts';
import { type TaxLine, type TaxTreatment, taxOn } from './tax.ts';

/** Names the arithmetic of this folder in every rating run. It changes when a result could. */
export const ENGINE_VERSION = '1';

export interface RatingInput {
  readonly period: BillingPeriod;
  readonly currency: string;
  /** Price versions in force; their spans tile the subscribed part of the period. */
  readonly segments: readonly PricedSegment[];
  readonly usage: Usage;
  /** Usage is counted up to here: the period's end, or now in a running month. */
  readonly asOf: number;
  readonly commitments: readonly Commitment[];
  /** Applied in order, each to what the ones before left. */
  readonly coupons: readonly Coupon[];
  readonly tax: TaxTreatment;
}

export interface Discount {
  readonly coupon: Coupon;
  /** Minor units, positive. */
  readonly minor: bigint;
  /** What it takes off each line, in their order. */
  readonly allocated: readonly bigint[];
}

/** A period's bill: Σ lines − Σ discounts = net; net + Σ taxes = total. All minor units. */
export interface RatedPeriod {
  readonly period: BillingPeriod;
  readonly currency: string;
  readonly lines: readonly RatedLine[];
  readonly discounts: readonly Discount[];
  /** Each line's amount less its share of the discounts. */
  readonly nets: readonly bigint[];
  readonly net: bigint;
  readonly taxes: readonly TaxLine[];
  readonly tax: bigint;
  /** Each line's share of the tax. */
  readonly taxAllocated: readonly bigint[];
  readonly total: bigint;
  readonly engineVersion: string;
  readonly inputDigest: string;
  readonly digest: string;
}

/** The same input gives the same bill, to the cent and to the digest, for ever. */
export function ratePeriod(input: RatingInput): RatedPeriod {
  const { period, currency, asOf } = input;
  const used = rateLines(period, input.segments, input.usage, asOf);
  const lines = [...used, ...commitmentLines(input, used)];
  let nets = lines.map(({ minor }) => minor);
  const discounts = input.coupons.map((coupon) => {
    const allocated = discountOf(coupon, nets);
    nets = nets.map((net, index) => net - allocated[index]!);
    return { coupon, minor: sum(allocated), allocated };
  });
  const { lines: taxes, allocated: taxAllocated } = taxOn(
    lines.map(({ taxClass }, index) => ({ taxClass, net: nets[index]! })),
    input.tax,
  );
  const net = sum(nets);
  const tax = sum(taxes.map((line) => line.tax));
  const outcome = { lines, discounts, nets, net, taxes, tax, taxAllocated, total: net + tax };
  return {
    period,
    currency,
    ...outcome,
    engineVersion: ENGINE_VERSION,
    inputDigest: digestOf(input),
    digest: digestOf({ engine: ENGINE_VERSION, currency, ...outcome }),
  };
}

function commitmentLines(input: RatingInput, used: readonly RatedLine[]): RatedLine[] {
  const { period, currency } = input;
  const eligible = sum(used.filter(({ countsTowardCommitment }) => countsTowardCommitment).map(({ minor }) => minor));
  return input.commitments.flatMap((commitment, index) => {
    const minor = trueUp(period, commitment, eligible, currency);
    if (minor === 0n) return [];
    const exact = toMajor(minor, currency);
    return {
      component: `commitment-${index + 1}`,
      kind: 'commitment' as const,
      description: 'Minimum commitment not reached',
      priceVersion: input.segments[0]?.prices.version ?? '',
      taxClass: STANDARD_TAX_CLASS,
      spans: [commitment.span],
      meters: [],
      measure: 'none' as const,
      quantity: ONE,
      unit: 'month',
      unitPrice: exact,
      exact,
      minor,
      parts: [],
      countsTowardCommitment: false,
    };
  });
}

/** Tax class of what is not said to be otherwise. */
export const STANDARD_TAX_CLASS = 'standard';

const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((a, b) => a + b, 0n);
