import { unreachable } from '#stdx';
import { averageLevel, maximum, type Sighting, uniqueCount } from './add-on-measure.ts';
import { apportion, roundCumulatively } from './apportion.ts';
import { minorDigits, toMinor } from './currency.ts';
import {
  average,
  type Count,
  gigabyteMonths,
  type Interval,
  type Measured,
  type Part,
  peak,
  prorated,
  resourceHours,
  type Sample,
  total,
} from './measure.ts';
import type { BillingPeriod, Span } from './period.ts';
import { shareOfDays } from './period.ts';
import type { LineKind, Measure, PriceComponent, PriceList } from './price-list.ts';
import { charge } from './price-model.ts';
import { multiply, ONE, type Ratio, ratio, sum } from './ratio.ts';

/** One partner's facts, by meter; they may reach beyond the period on both sides. */
export interface Usage {
  readonly intervals: ReadonlyMap<string, readonly Interval[]>;
  readonly samples: ReadonlyMap<string, readonly Sample[]>;
  readonly counts: ReadonlyMap<string, readonly Count[]>;
  /** Of add-on meters; absent when there are none, so that what was rated before there were any is rated to the same digest. */
  readonly peaks?: ReadonlyMap<string, readonly Count[]>;
  readonly uniques?: ReadonlyMap<string, readonly Sighting[]>;
}

/** A price list and the parts of the period it held. Spans begin and end at starts of local dates (or the period's ends). */
export interface PricedSegment {
  readonly prices: PriceList;
  readonly spans: readonly Span[];
}

/** One line: one component at one price version. */
export interface RatedLine {
  readonly component: string;
  readonly kind: LineKind;
  readonly description: string;
  readonly priceVersion: string;
  readonly taxClass: string;
  readonly spans: readonly Span[];
  readonly meters: readonly string[];
  readonly measure: Measure;
  readonly quantity: Ratio;
  readonly unit: string;
  /** Major units for one of the quantity; where tiers decide, what one came to on average. */
  readonly unitPrice: Ratio;
  /** Exact amount in major units. */
  readonly exact: Ratio;
  /** The exact amount rounded once to minor units. */
  readonly minor: bigint;
  /** Each resource's share; quantities sum to `quantity`, amounts to `minor`. */
  readonly parts: readonly (Part & { readonly minor: bigint })[];
  readonly countsTowardCommitment: boolean;
}

/** Rates every component over the segments it was priced in. Usage is counted up to `asOf`; fees are owed for the whole period. */
export function rateLines(
  period: BillingPeriod,
  segments: readonly PricedSegment[],
  usage: Usage,
  asOf: number,
): RatedLine[] {
  const fees: RatedLine[] = [];
  const used: RatedLine[] = [];
  for (const segment of segments) {
    for (const component of segment.prices.components) {
      if (component.measure === 'none') fees.push(feeLine(period, segment, component));
      else {
        const line = usageLine(period, segment, component, usage, asOf);
        if (line) used.push(line);
      }
    }
  }
  return [...settleFees(fees, segments), ...used];
}

function usageLine(
  period: BillingPeriod,
  { prices, spans }: PricedSegment,
  component: PriceComponent,
  usage: Usage,
  asOf: number,
): RatedLine | undefined {
  const counted = spans.flatMap((span) => (span.from < asOf ? [{ from: span.from, to: Math.min(span.to, asOf) }] : []));
  const { quantity, parts } = measure(component, counted, period, usage);
  if (quantity.num === 0n) return undefined;
  const exact = charge(component.price, quantity, share(period, spans));
  const minor = toMinor(exact, prices.currency);
  const amounts = apportion(
    minor,
    parts.map((part) => part.quantity),
  );
  return {
    ...described(component, prices, spans),
    quantity,
    unitPrice: component.price.model === 'unit' ? component.price.price : multiply(exact, inverse(quantity)),
    exact,
    minor,
    parts: parts.map((part, index) => ({ ...part, minor: amounts[index]! })),
  };
}

function measure(component: PriceComponent, spans: readonly Span[], period: BillingPeriod, usage: Usage): Measured {
  const gather = <T>(source: ReadonlyMap<string, readonly T[]> | undefined): T[] =>
    component.meters.flatMap((meter) => source?.get(meter) ?? []);
  switch (component.measure) {
    case 'hours':
      return resourceHours(gather(usage.intervals), spans);
    case 'peak':
      return peak(gather(usage.intervals), spans, period);
    case 'average':
      return average(gather(usage.intervals), spans, period);
    case 'prorated':
      return prorated(gather(usage.intervals), spans, period);
    case 'gigabyte-months':
      return gigabyteMonths(gather(usage.samples), spans, period);
    case 'total':
      return total(gather(usage.counts), spans);
    case 'maximum':
      return maximum(gather(usage.peaks), spans, period);
    case 'unique':
      return uniqueCount(gather(usage.uniques), spans, period);
    case 'level':
      return averageLevel(gather(usage.samples), spans, period);
    case 'none':
      return { quantity: ONE, parts: [] };
    default:
      return unreachable(component.measure);
  }
}

function feeLine(period: BillingPeriod, { prices, spans }: PricedSegment, component: PriceComponent): RatedLine {
  const quantity = share(period, spans);
  const exact = charge(component.price, ONE, quantity);
  const unitPrice = charge(component.price, ONE);
  return { ...described(component, prices, spans), quantity, unitPrice, exact, minor: 0n, parts: [] };
}

/** Parts of one fee across price versions are rounded as a running total, so that they sum to the rounded sum. */
function settleFees(fees: readonly RatedLine[], segments: readonly PricedSegment[]): RatedLine[] {
  const currency = segments[0]?.prices.currency ?? 'EUR';
  const minorUnits = ratio(10n ** BigInt(minorDigits(currency)));
  return [...Map.groupBy(fees, ({ component }) => component).values()].flatMap((parts) => {
    const ordered = parts.toSorted((a, b) => a.spans[0]!.from - b.spans[0]!.from);
    const amounts = roundCumulatively(ordered.map(({ exact }) => multiply(exact, minorUnits)));
    return ordered.map((line, index) => ({ ...line, minor: amounts[index]! }));
  });
}

const described = (component: PriceComponent, prices: PriceList, spans: readonly Span[]) => ({
  component: component.id,
  kind: component.kind,
  description: component.description,
  priceVersion: prices.version,
  taxClass: component.taxClass,
  spans,
  meters: component.meters,
  measure: component.measure,
  unit: component.unit,
  countsTowardCommitment: component.countsTowardCommitment,
});

const share = (period: BillingPeriod, spans: readonly Span[]): Ratio =>
  sum(spans.map((span) => shareOfDays(period, span)));
const inverse = ({ num, den }: Ratio): Ratio => ratio(den, num);
