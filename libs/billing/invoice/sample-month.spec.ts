import type { BillingAccount } from '#billing/api';
import {
  type BillingPeriod,
  billingPeriod,
  type Coupon,
  decimal,
  type Measure,
  type PriceComponent,
  type PricedSegment,
  type PriceModel,
  type RatingInput,
  ratePeriod,
  type Usage,
} from '#billing/rating';
import type { RatedMonth } from './rated-month.ts';

export const APRIL = billingPeriod('2026-04', 'Europe/Berlin');

const METERS: Readonly<Record<Measure, readonly string[]>> = {
  hours: ['hub'],
  peak: ['mailbox'],
  average: ['mailbox'],
  prorated: ['mailbox'],
  'gigabyte-months': ['storage-bytes'],
  total: ['messages-in', 'messages-out'],
  maximum: ['addon.peak'],
  unique: ['addon.users'],
  level: ['addon.held'],
  none: [],
};

export const priced = (measure: Measure, price: PriceModel, id: string = measure): PriceComponent => ({
  id,
  kind: measure === 'none' ? 'fee' : 'add-on',
  meters: METERS[measure],
  measure,
  price,
  description: id,
  unit: 'unit',
  taxClass: 'standard',
  countsTowardCommitment: measure !== 'none',
});

export const per = (price: string): PriceModel => ({ model: 'unit', price: decimal(price) });

export interface SampleTerms {
  readonly period?: BillingPeriod;
  readonly segments: readonly PricedSegment[];
  readonly usage: Partial<Usage>;
  readonly asOf?: number;
  /** Major units. */
  readonly commitment?: string;
  readonly coupons?: readonly Coupon[];
}

/** A month rated by given terms, without any database. */
export function sampleMonth({ period = APRIL, segments, usage, asOf = period.to, ...terms }: SampleTerms): RatedMonth {
  const tax = { kind: 'rates' as const, percents: new Map([['standard', decimal('19')]]) };
  const account: BillingAccount = {
    partnerId: '3f0c8e0a-3a54-4c35-9a2b-7f1f0b9f0c11',
    slug: 'sample',
    name: 'Sample',
    zone: period.zone,
    anchorDay: 1,
    started: period.from,
    ended: null,
    segments: segments.flatMap(({ prices, spans }) => spans.map((span) => ({ prices, ...span }))),
    commitments: [],
    coupons: [],
    tax,
  };
  const none = new Map<string, never[]>();
  const input: RatingInput = {
    period,
    currency: 'EUR',
    segments,
    usage: { intervals: none, samples: none, counts: none, ...usage },
    asOf,
    commitments: terms.commitment === undefined ? [] : [{ amount: decimal(terms.commitment), span: period }],
    coupons: terms.coupons ?? [],
    tax,
  };
  return { account, rated: ratePeriod(input), asOf, cutoff: 1n, labels: new Map(), daily: [], input };
}

export const whole = (components: readonly PriceComponent[], period: BillingPeriod = APRIL): PricedSegment[] => [
  { prices: { version: 'v1', currency: 'EUR', components }, spans: [period] },
];
