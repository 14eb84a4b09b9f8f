import type { UsageLine } from '#api-schema';
import {
  type BillingPeriod,
  decimal,
  formatDecimal,
  gigabyteMonths,
  type Measured,
  multiply,
  peak,
  ratio,
  resourceHours,
  type Span,
  total,
} from '#billing/rating';
import type { UsageFacts } from '#metering';

const HOUR_MS = 3_600_000;

const UNITS = {
  hub: 'hours',
  'node-active': 'hours',
  'node-standby': 'hours',
  mailbox: 'mailboxes',
  'messages-in': 'messages',
  'messages-out': 'messages',
  'storage-bytes': 'gb-hours',
  'storage-cold-bytes': 'gb-hours',
} as const satisfies Record<string, string>;
type BuiltIn = keyof typeof UNITS;
const METERS = Object.keys(UNITS) as BuiltIn[];

/** A period's usage by meter, up to `asOf`, measured as billing measures it; meters nothing was counted of are left out. */
export function usageLines(facts: UsageFacts, period: BillingPeriod, asOf: number): UsageLine[] {
  const until = { from: period.from, to: Math.min(asOf, period.to) };
  return METERS.flatMap((meter) => {
    const measured = measure(meter, facts, period, until);
    if (measured.parts.length === 0) return [];
    const subjects = new Set(subjectsOf(meter, facts)).size;
    return [{ meter, unit: UNITS[meter], quantity: formatDecimal(measured.quantity), subjects }];
  });
}

function measure(meter: BuiltIn, facts: UsageFacts, period: BillingPeriod, until: Span): Measured {
  const intervals = facts.intervals
    .filter((one) => one.meter === meter)
    .map((one) => ({ ...one, resource: one.subject }));
  switch (UNITS[meter]) {
    case 'hours':
      return resourceHours(intervals, [until]);
    case 'mailboxes':
      return peak(intervals, [period], period);
    case 'messages': {
      const counts = facts.counts.filter((one) => one.meter === meter);
      return total(
        counts.map(({ subject, at, quantity }) => ({ resource: subject, at, quantity: decimal(quantity) })),
        [until],
      );
    }
    case 'gb-hours': {
      const samples = facts.samples.filter((one) => one.meter === meter);
      const months = gigabyteMonths(
        samples.map(({ subject, at, value }) => ({ resource: subject, at, value: decimal(value) })),
        [until],
        period,
      );
      return { ...months, quantity: multiply(months.quantity, ratio(period.to - period.from, HOUR_MS)) };
    }
  }
}

function subjectsOf(meter: string, { intervals, samples, counts }: UsageFacts): string[] {
  return [...intervals, ...samples, ...counts].filter((one) => one.meter === meter).map(({ subject }) => subject);
}
