import type { UsageLine } from '#api-schema';
import {
  averageLevel,
  type BillingPeriod,
  decimal,
  formatDecimal,
  type Measured,
  maximum,
  total,
  uniqueCount,
} from '#billing/rating';
import type { AddOnMeter, UsageFacts } from '#metering';

/** A period's usage of add-on meters, up to `asOf`, measured as billing measures it; meters nothing was counted of are left out. */
export function addOnLines(
  meters: readonly AddOnMeter[],
  facts: UsageFacts,
  period: BillingPeriod,
  asOf: number,
): UsageLine[] {
  return meters.flatMap((meter) => {
    const { quantity, parts } = measure(meter, facts, period, Math.min(asOf, period.to));
    if (parts.length === 0) return [];
    return [{ meter: meter.code, unit: meter.unit, quantity: formatDecimal(quantity), subjects: parts.length }];
  });
}

function measure({ code, aggregation }: AddOnMeter, facts: UsageFacts, period: BillingPeriod, until: number): Measured {
  const own = <T extends { readonly meter: string; readonly subject: string; readonly quantity: string }>(
    items: readonly T[] | undefined,
  ) =>
    (items ?? [])
      .filter(({ meter }) => meter === code)
      .map((item) => ({ ...item, resource: item.subject, quantity: decimal(item.quantity) }));
  switch (aggregation) {
    case 'sum':
    case 'count':
      return total(own(facts.counts), [period]);
    case 'max':
      return maximum(own(facts.peaks), [period], period);
    case 'unique':
      return uniqueCount(own(facts.uniques), [period], period);
    case 'level': {
      const samples = facts.samples.filter(({ meter }) => meter === code);
      return averageLevel(
        samples.map(({ subject, at, value }) => ({ resource: subject, at, value: decimal(value) })),
        [{ from: period.from, to: until }],
        period,
      );
    }
  }
}
