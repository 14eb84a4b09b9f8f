import { present } from '#stdx';
import { type BillingPeriod, clip, daysTouched, type Span, shareOfDays } from './period.ts';
import { divide, multiply, type Ratio, ratio, sum, ZERO } from './ratio.ts';

const HOUR_MS = 3_600_000;
/** A gauge silent for longer is shown as a gap: a metering outage must not read as steady use. */
export const GAUGE_GAP_MS = 2 * HOUR_MS;

/** A resource's life in one role. `to` is `null` while it lasts. */
export interface Interval {
  readonly resource: string;
  readonly from: number;
  readonly to: number | null;
}

/** A level that holds until the resource's next sample. */
export interface Sample {
  readonly resource: string;
  readonly at: number;
  readonly value: Ratio;
}

/** A quantity that happened at an instant. */
export interface Count {
  readonly resource: string;
  readonly at: number;
  readonly quantity: Ratio;
}

/** A measured quantity and what each resource had in it; the parts sum to the quantity. */
export interface Measured {
  readonly quantity: Ratio;
  readonly parts: readonly Part[];
}
export interface Part {
  readonly resource: string;
  readonly quantity: Ratio;
}

/** Σ |I ∩ spans| in hours. */
export function resourceHours(intervals: readonly Interval[], spans: readonly Span[]): Measured {
  return perResource(intervals, (interval) => ratio(lived(interval, spans), HOUR_MS));
}

/** Σ resource-time ÷ |P|: the number that, held all period, would have lived as long. */
export function average(intervals: readonly Interval[], spans: readonly Span[], period: BillingPeriod): Measured {
  return perResource(intervals, (interval) => ratio(lived(interval, spans), period.to - period.from));
}

/**
 * Σ local dates touched ÷ days of the period. A resource deleted and made again on one date counts once that date.
 */
export function prorated(intervals: readonly Interval[], spans: readonly Span[], period: BillingPeriod): Measured {
  const dates = new Map<string, Set<number>>();
  for (const interval of intervals) {
    for (const span of spans) {
      const inside = clip(closed(interval, span.to), span);
      if (!inside) continue;
      const { first, after } = daysTouched(period, inside);
      const touched = dates.get(interval.resource) ?? new Set();
      for (let day = first; day < after; day++) touched.add(day);
      dates.set(interval.resource, touched);
    }
  }
  const days = period.dayStarts.length;
  return measured([...dates].map(([resource, touched]) => ({ resource, quantity: ratio(touched.size, days) })));
}

/** Most resources alive at one instant of the spans; at equal instants the ends come before the beginnings. */
export function peak(intervals: readonly Interval[], spans: readonly Span[], period: BillingPeriod): Measured {
  const share = sum(spans.map((span) => shareOfDays(period, span)));
  return measured(aliveAtPeak(intervals, spans).map(({ resource }) => ({ resource, quantity: share })));
}

/** The lives, each as far as it lies in one of the spans, that make the peak: all those alive at its first instant. */
export function aliveAtPeak(
  intervals: readonly Interval[],
  spans: readonly Span[],
): (Span & { readonly resource: string })[] {
  const lives = spans.flatMap((span) =>
    intervals.flatMap((interval) => {
      const inside = clip(closed(interval, span.to), span);
      return inside ? [{ resource: interval.resource, ...inside }] : [];
    }),
  );
  const instants = [
    ...lives.map(({ from }) => ({ at: from, change: 1 })),
    ...lives.map(({ to }) => ({ at: to, change: -1 })),
  ].sort((a, b) => a.at - b.at || a.change - b.change);
  let alive = 0;
  let most = 0;
  let when = 0;
  for (const { at, change } of instants) {
    alive += change;
    if (alive > most) [most, when] = [alive, at];
  }
  return lives.filter(({ from, to }) => from <= when && when < to);
}

/**
 * Σ bytes · Δt ÷ 10⁹ ÷ |P|, in gigabyte-months. A sample holds until the resource's next one, and the last one before
 * the period is carried into it. Samples may come in any order.
 */
export function gigabyteMonths(samples: readonly Sample[], spans: readonly Span[], period: BillingPeriod): Measured {
  const gigabytePeriod = ratio(10n ** 9n * BigInt(period.to - period.from));
  return measured(
    [...heldLevels(samples, period.to)].map(([resource, levels]) => ({
      resource,
      quantity: divide(
        sum(levels.map(({ value, ...held }) => multiply(value, ratio(overlap(held, spans))))),
        gigabytePeriod,
      ),
    })),
  );
}

/** Stretches of the spans in which a resource was silent for more than `GAUGE_GAP_MS`. */
export function gaugeGaps(
  samples: readonly Sample[],
  spans: readonly Span[],
): (Span & { readonly resource: string })[] {
  const end = Math.max(...spans.map(({ to }) => to));
  return [...heldLevels(samples, end)].flatMap(([resource, levels]) =>
    levels
      .filter(({ from, to, value }) => to - from > GAUGE_GAP_MS && value.num !== 0n)
      .flatMap((level) => spans.flatMap((span) => clip(level, span) ?? []))
      .map((silent) => ({ resource, ...silent })),
  );
}

/** Σ quantity of what happened within the spans. */
export function total(counts: readonly Count[], spans: readonly Span[]): Measured {
  const quantities = new Map<string, Ratio>();
  for (const { resource, at, quantity } of counts) {
    if (!spans.some(({ from, to }) => from <= at && at < to)) continue;
    quantities.set(resource, sum([quantities.get(resource) ?? ZERO, quantity]));
  }
  return measured([...quantities].map(([resource, quantity]) => ({ resource, quantity })));
}

function perResource(intervals: readonly Interval[], of: (interval: Interval) => Ratio): Measured {
  const quantities = new Map<string, Ratio>();
  for (const interval of intervals) {
    quantities.set(interval.resource, sum([quantities.get(interval.resource) ?? ZERO, of(interval)]));
  }
  return measured([...quantities].map(([resource, quantity]) => ({ resource, quantity })));
}

/** Parts in order of their resource, so that leftover minor units always go to the same ones. */
function measured(parts: readonly Part[]): Measured {
  const counted = parts
    .filter(({ quantity }) => quantity.num !== 0n)
    .sort((a, b) => (a.resource < b.resource ? -1 : a.resource > b.resource ? 1 : 0));
  return { quantity: sum(counted.map(({ quantity }) => quantity)), parts: counted };
}

/** A life as a span; one that lasts, until `end`. */
export const closed = ({ from, to }: Interval, end: number): Span => ({ from, to: to ?? Math.max(from, end) });

function lived(interval: Interval, spans: readonly Span[]): number {
  return spans.reduce((ms, span) => ms + overlap(closed(interval, span.to), [span]), 0);
}

function overlap(held: Span, spans: readonly Span[]): number {
  return spans.reduce((ms, span) => {
    const inside = clip(held, span);
    return inside ? ms + inside.to - inside.from : ms;
  }, 0);
}

/** By resource, each level with the span it held for: until the resource's next sample, the last one until `end`. */
export function heldLevels(samples: readonly Sample[], end: number): Map<string, (Span & { readonly value: Ratio })[]> {
  const byResource = Map.groupBy(samples, ({ resource }) => resource);
  return new Map(
    [...byResource].map(([resource, own]) => {
      const ordered = own.toSorted((a, b) => a.at - b.at);
      return [
        resource,
        ordered.map(({ at, value }, index) => ({
          from: at,
          to: index + 1 < ordered.length ? present(ordered[index + 1], 'next sample').at : Math.max(at, end),
          value,
        })),
      ];
    }),
  );
}
