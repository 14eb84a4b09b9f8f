import {
  type BillingPeriod,
  billingPeriod,
  type Count,
  type Coupon,
  decimal,
  type Interval,
  type PriceComponent,
  type PriceModel,
  type RatedLine,
  type RatedPeriod,
  type RatingInput,
  ratePeriod,
  ratio,
  type Sample,
  STANDARD_TAX_CLASS,
  type TaxTreatment,
  type Tier,
  type Usage,
} from './index.ts';

export const at = (iso: string): number => Date.parse(iso);
export const month = (name: string, zone = 'UTC'): BillingPeriod => billingPeriod(name, zone);
export const lived = (resource: string, from: string, to: string | null): Interval => ({
  resource,
  from: at(from),
  to: to === null ? null : at(to),
});
export const sample = (resource: string, when: string, bytes: bigint | number): Sample => ({
  resource,
  at: at(when),
  value: ratio(bytes),
});
export const counted = (when: string, quantity: number): Count => ({
  resource: 'mx',
  at: at(when),
  quantity: ratio(quantity),
});

export function usage(facts: {
  intervals?: Record<string, Interval[]>;
  samples?: Record<string, Sample[]>;
  counts?: Record<string, Count[]>;
}): Usage {
  return {
    intervals: new Map(Object.entries(facts.intervals ?? {})),
    samples: new Map(Object.entries(facts.samples ?? {})),
    counts: new Map(Object.entries(facts.counts ?? {})),
  };
}

export const unit = (price: string): PriceModel => ({ model: 'unit', price: decimal(price) });
export const flat = (amount: string): PriceModel => ({ model: 'flat', amount: decimal(amount) });
export const tiers = (...rows: [upTo: number | null, price: string][]): Tier[] =>
  rows.map(([upTo, price]) => ({ upTo: upTo === null ? null : ratio(upTo), price: decimal(price) }));
export const graduated = (...rows: [number | null, string][]): PriceModel => ({
  model: 'graduated',
  tiers: tiers(...rows),
});
export const volume = (...rows: [number | null, string][]): PriceModel => ({ model: 'volume', tiers: tiers(...rows) });

type Shape = Pick<PriceComponent, 'kind' | 'meters' | 'measure' | 'unit'>;
const SHAPES = {
  hub: { kind: 'hub-hours', meters: ['hub'], measure: 'hours', unit: 'hour' },
  active: { kind: 'node-hours-active', meters: ['node-active'], measure: 'hours', unit: 'hour' },
  standby: { kind: 'node-hours-standby', meters: ['node-standby'], measure: 'hours', unit: 'hour' },
  mailboxPeak: { kind: 'mailboxes', meters: ['mailbox'], measure: 'peak', unit: 'mailbox' },
  mailboxAverage: { kind: 'mailboxes', meters: ['mailbox'], measure: 'average', unit: 'mailbox' },
  mailboxProrated: { kind: 'mailboxes', meters: ['mailbox'], measure: 'prorated', unit: 'mailbox' },
  storage: { kind: 'gb-hours', meters: ['storage-bytes'], measure: 'gigabyte-months', unit: 'GB-month' },
  messages: { kind: 'messages', meters: ['messages-in', 'messages-out'], measure: 'total', unit: 'message' },
  fee: { kind: 'fee', meters: [], measure: 'none', unit: 'month' },
} as const satisfies Record<string, Shape>;

export function component(name: keyof typeof SHAPES, price: PriceModel): PriceComponent {
  return {
    id: name,
    ...SHAPES[name],
    price,
    description: name,
    taxClass: STANDARD_TAX_CLASS,
    countsTowardCommitment: name !== 'fee',
  };
}

/** The prices every worked case is told in. */
export const PRICE: Record<keyof typeof SHAPES, PriceModel> = {
  hub: unit('0.08'),
  active: unit('0.12'),
  standby: unit('0.05'),
  mailboxPeak: unit('1.50'),
  mailboxAverage: unit('1.50'),
  mailboxProrated: unit('1.50'),
  storage: unit('0.20'),
  messages: graduated([10_000, '0'], [100_000, '0.0004'], [null, '0.00025']),
  fee: flat('99.00'),
};
export const list = (...names: (keyof typeof SHAPES)[]): PriceComponent[] =>
  names.map((name) => component(name, PRICE[name]));

export const NO_TAX: TaxTreatment = { kind: 'outsideScope', reason: 'not taxed in this test' };
export const vat = (percent: string): TaxTreatment => ({
  kind: 'rates',
  percents: new Map([[STANDARD_TAX_CLASS, decimal(percent)]]),
});

export interface Bill {
  period: BillingPeriod;
  components: PriceComponent[];
  usage: Usage;
  currency?: string;
  commitment?: { amount: string; from?: string; to?: string };
  coupons?: Coupon[];
  tax?: TaxTreatment;
  asOf?: string;
}

export function input({ period, components, usage: used, currency = 'EUR', ...rest }: Bill): RatingInput {
  const { commitment } = rest;
  return {
    period,
    currency,
    segments: [{ prices: { version: 'v1', currency, components }, spans: [{ from: period.from, to: period.to }] }],
    usage: used,
    asOf: rest.asOf ? at(rest.asOf) : period.to,
    commitments: commitment
      ? [
          {
            amount: decimal(commitment.amount),
            span: {
              from: commitment.from ? at(commitment.from) : period.from,
              to: commitment.to ? at(commitment.to) : period.to,
            },
          },
        ]
      : [],
    coupons: rest.coupons ?? [],
    tax: rest.tax ?? NO_TAX,
  };
}

export const bill = (given: Bill): RatedPeriod => ratePeriod(input(given));

/** The one line of a bill with one component. */
export function lineOf(given: Bill): RatedLine | undefined {
  return bill(given).lines[0];
}
export const minorOf = (given: Bill): bigint => lineOf(given)?.minor ?? 0n;
