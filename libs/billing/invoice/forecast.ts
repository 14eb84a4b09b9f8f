import {
  type Count,
  clip,
  formatDecimal,
  lineKey,
  multiply,
  type RatedLine,
  type RatedPeriod,
  type RatingInput,
  type Ratio,
  ratePeriod,
  ratio,
  round,
  type Span,
  sum,
  type Usage,
  ZERO,
} from '#billing/rating';
import type { RatedMonth } from './rated-month.ts';

/** What a running month will come to at its end, by the very rating that will bill it. */
export interface Forecast {
  readonly toDate: RatedMonth;
  /** The whole month, with usage as it is expected. */
  readonly expected: RatedPeriod;
  /** Counters go on at their rate within this span. */
  readonly window: Span;
  /** Every line that is there now or is expected, in the order of the bill. */
  readonly lines: readonly ForecastLine[];
}

export interface ForecastLine {
  readonly line: Omit<RatedLine, 'quantity' | 'minor' | 'exact' | 'parts'>;
  readonly toDate: ForecastSide;
  readonly expected: ForecastSide;
  readonly basis: ForecastBasis;
}

export interface ForecastSide {
  readonly quantity: Ratio;
  /** Minor units, before and after discounts. */
  readonly minor: bigint;
  readonly net: bigint;
}

/** What the rest of the month is expected from. */
export type ForecastBasis =
  /** What is running now goes on. */
  | { readonly kind: 'running'; readonly resources: number }
  /** What is stored now stays: bytes. */
  | { readonly kind: 'level'; readonly bytes: Ratio }
  /** What is held of an add-on now stays. */
  | { readonly kind: 'held'; readonly value: Ratio }
  /** The most, or the different items, so far: nobody knows of more. */
  | { readonly kind: 'soFar' }
  /** As much a day as within the window. */
  | { readonly kind: 'rate'; readonly perDay: Ratio }
  /** It does not depend on usage. */
  | { readonly kind: 'fixed' }
  /** What is missing to the commitment when everything else is as expected. */
  | { readonly kind: 'commitment' };

const DAY_MS = 86_400_000;

/** `counted`: by meter, what was counted within `window`. */
export function forecastOf(toDate: RatedMonth, window: Span, counted: Usage['counts']): Forecast {
  const { input, rated } = toDate;
  const usage = { ...input.usage, counts: expectedCounts(input, toDate.asOf, window, counted) };
  const expected = ratePeriod({ ...input, usage, asOf: rated.period.to });
  const now = new Map(rated.lines.map((line, index) => [lineKey(line), { line, net: rated.nets[index]! }]));
  const then = new Map(expected.lines.map((line, index) => [lineKey(line), { line, net: expected.nets[index]! }]));
  const lines = [...new Map([...then, ...now]).entries()].map(([key, { line }]): ForecastLine => {
    const { quantity, minor, exact, parts, ...described } = line;
    return {
      line: described,
      toDate: sideOf(now.get(key)),
      expected: sideOf(then.get(key)),
      basis: basisOf(line, input, toDate.asOf, window, counted),
    };
  });
  return { toDate, expected, window, lines };
}

const sideOf = (found: { readonly line: RatedLine; readonly net: bigint } | undefined): ForecastSide =>
  found
    ? { quantity: found.line.quantity, minor: found.line.minor, net: found.net }
    : { quantity: ZERO, minor: 0n, net: 0n };

/** What was counted, and for each stretch of prices to come as much as its length and the rate make, in whole pieces. */
function expectedCounts({ usage, segments }: RatingInput, asOf: number, window: Span, counted: Usage['counts']) {
  const ahead = segments
    .flatMap(({ spans }) => spans)
    .flatMap((span) => clip(span, { from: asOf, to: Number.POSITIVE_INFINITY }) ?? []);
  const meters = new Set([...usage.counts.keys(), ...counted.keys()]);
  return new Map(
    [...meters].map((meter): [string, readonly Count[]] => {
      const bySubject = Map.groupBy(counted.get(meter) ?? [], ({ resource }) => resource);
      const coming = [...bySubject].flatMap(([resource, own]) => {
        const total = sum(own.map(({ quantity }) => quantity));
        return ahead.map(({ from, to }): Count => {
          const exact = multiply(total, ratio(to - from, window.to - window.from));
          return { resource, at: from, quantity: ratio(round(exact)) };
        });
      });
      return [meter, [...(usage.counts.get(meter) ?? []), ...coming]];
    }),
  );
}

function basisOf(
  { measure, meters, kind }: RatedLine,
  { usage }: RatingInput,
  asOf: number,
  window: Span,
  counted: Usage['counts'],
): ForecastBasis {
  switch (measure) {
    case 'hours':
    case 'peak':
    case 'average':
    case 'prorated': {
      const lives = meters.flatMap((meter) => usage.intervals.get(meter) ?? []);
      const running = lives.filter(({ from, to }) => from <= asOf && (to === null || to > asOf));
      return { kind: 'running', resources: new Set(running.map(({ resource }) => resource)).size };
    }
    case 'gigabyte-months':
    case 'level': {
      const samples = meters.flatMap((meter) => usage.samples.get(meter) ?? []).filter(({ at }) => at <= asOf);
      const newest = Map.groupBy(samples, ({ resource }) => resource).values();
      const value = sum([...newest].map((own) => own.toSorted((a, b) => a.at - b.at).at(-1)!.value));
      return measure === 'level' ? { kind: 'held', value } : { kind: 'level', bytes: value };
    }
    case 'maximum':
    case 'unique':
      return { kind: 'soFar' };
    case 'total': {
      const quantity = sum(meters.flatMap((meter) => counted.get(meter) ?? []).map((count) => count.quantity));
      const length = window.to - window.from;
      return { kind: 'rate', perDay: length === 0 ? ZERO : multiply(quantity, ratio(DAY_MS, length)) };
    }
    case 'none':
      return { kind: kind === 'commitment' ? 'commitment' : 'fixed' };
  }
}

/** A basis in words: `12 running now`. */
export function basisText(basis: ForecastBasis): string {
  switch (basis.kind) {
    case 'running':
      return `${basis.resources} running now go on`;
    case 'level':
      return `${formatDecimal(multiply(basis.bytes, ratio(1, 10n ** 9n)), 3)} GB stored now stay`;
    case 'held':
      return `${formatDecimal(basis.value, 3)} held now stay`;
    case 'soFar':
      return 'as much as so far';
    case 'rate':
      return `${formatDecimal(basis.perDay, 1)} a day go on`;
    case 'fixed':
      return 'independent of usage';
    case 'commitment':
      return 'what is missing when everything else is as expected';
  }
}
