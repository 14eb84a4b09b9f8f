import { type Count, gigabyteMonths, type Measured, type Part, type Sample } from './measure.ts';
import { type BillingPeriod, type Span, shareOfDays } from './period.ts';
import { compare, multiply, type Ratio, ratio, sum, ZERO } from './ratio.ts';

/** Items a resource was seen with in all of the stretches that begin at `at`, and in no other. */
export interface Sighting {
  readonly resource: string;
  readonly at: readonly number[];
  readonly quantity: Ratio;
}

const isIn = (at: number, spans: readonly Span[]): boolean => spans.some(({ from, to }) => from <= at && at < to);
const shareOf = (period: BillingPeriod, spans: readonly Span[]): Ratio =>
  sum(spans.map((span) => shareOfDays(period, span)));

/** Each resource's greatest value within the spans, added up and weighted, as peaks are, by their share of the period's days. */
export function maximum(peaks: readonly Count[], spans: readonly Span[], period: BillingPeriod): Measured {
  const greatest = new Map<string, Ratio>();
  for (const { resource, at, quantity } of peaks) {
    const before = greatest.get(resource);
    if (isIn(at, spans) && (!before || compare(quantity, before) > 0)) greatest.set(resource, quantity);
  }
  return weighted(greatest, shareOf(period, spans));
}

/** How many different items each resource was seen with within the spans, weighted likewise. */
export function uniqueCount(sightings: readonly Sighting[], spans: readonly Span[], period: BillingPeriod): Measured {
  const seen = new Map<string, Ratio>();
  for (const { resource, at, quantity } of sightings)
    if (at.some((instant) => isIn(instant, spans))) seen.set(resource, sum([seen.get(resource) ?? ZERO, quantity]));
  return weighted(seen, shareOf(period, spans));
}

/** Σ value · Δt ÷ |P|: each resource's level on average, held from one sample to the next. */
export function averageLevel(samples: readonly Sample[], spans: readonly Span[], period: BillingPeriod): Measured {
  const { quantity, parts } = gigabyteMonths(samples, spans, period);
  const whole = (value: Ratio): Ratio => multiply(value, ratio(10n ** 9n));
  return { quantity: whole(quantity), parts: parts.map((part) => ({ ...part, quantity: whole(part.quantity) })) };
}

/** Parts in order of their resource, so that leftover minor units always go to the same ones. */
function weighted(quantities: ReadonlyMap<string, Ratio>, share: Ratio): Measured {
  const parts = [...quantities]
    .map(([resource, quantity]): Part => ({ resource, quantity: multiply(quantity, share) }))
    .filter(({ quantity }) => quantity.num !== 0n)
    .sort((a, b) => (a.resource < b.resource ? -1 : 1));
  return { quantity: sum(parts.map(({ quantity }) => quantity)), parts };
}
