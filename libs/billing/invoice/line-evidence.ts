import {
  aliveAtPeak,
  clip,
  closed,
  compare,
  daysTouched,
  formatDecimal,
  heldLevels,
  type Interval,
  multiply,
  ONE,
  type RatedLine,
  type Ratio,
  ratio,
  type Span,
  shareOfDays,
  sum,
  toMinor,
  type Usage,
  ZERO,
} from '#billing/rating';
import type { RatedMonth } from './rated-month.ts';

/** One fact behind a line. The quantities of all evidence of a line sum to its quantity, exactly. */
export interface LineEvidence extends Span {
  readonly kind: 'life' | 'level' | 'count' | 'days' | 'commitment' | 'counted';
  /** `null` where it is no fact of a meter. */
  readonly meter: string | null;
  readonly resource: string;
  readonly label: string | null;
  readonly quantity: Ratio;
  /** In words, what the quantity was made of. */
  readonly detail: string;
  /** Minor units, where evidence is amounts: they sum to the line's. */
  readonly minor: bigint | null;
}

/** What happened, hour by hour. */
export type HourlyUsage = Pick<Usage, 'counts' | 'peaks'>;

const HOUR_MS = 3_600_000;
const GIGABYTE = 10n ** 9n;

/**
 * What is behind one line of a rated month, in order of resource and time. `hours`: what happened, an hour each; sums over the
 * whole month would do and say nothing.
 */
export function evidenceOfLine(month: RatedMonth, line: RatedLine, hours: HourlyUsage): LineEvidence[] {
  const { input, rated, labels, asOf } = month;
  const spans = line.spans.flatMap((span) => clip(span, { from: span.from, to: asOf }) ?? []);
  const named = (found: readonly Found[]): LineEvidence[] =>
    found
      .map((one) => ({ minor: null, label: labels.get(one.resource) ?? null, ...one }))
      .sort((a, b) => compareTexts(a.resource, b.resource) || a.from - b.from || a.to - b.to);
  const lives = line.meters.flatMap((meter) =>
    (input.usage.intervals.get(meter) ?? []).map((life) => ({ ...life, meter })),
  );
  const whole = rated.period.to - rated.period.from;
  switch (line.measure) {
    case 'hours':
      return named(lived(lives, spans, (ms) => ratio(ms, HOUR_MS)));
    case 'average':
      return named(lived(lives, spans, (ms) => ratio(ms, whole)));
    case 'peak':
      return named(peakLives(month, lives, spans));
    case 'prorated':
      return named(datesTouched(month, lives, spans));
    case 'gigabyte-months':
      return named(line.meters.flatMap((meter) => levels(month, meter, spans, GIGABYTE, ' bytes')));
    case 'total':
      return named(
        line.meters.flatMap((meter) =>
          (hours.counts.get(meter) ?? []).flatMap(({ resource, at, quantity }) =>
            spans
              .filter(({ from, to }) => from <= at && at < to)
              .map(({ to }): Found => {
                const hour = { from: at, to: Math.min(at - (at % HOUR_MS) + HOUR_MS, to) };
                return { kind: 'count', meter, resource, ...hour, quantity, detail: 'counted in this hour' };
              }),
          ),
        ),
      );
    case 'level':
      return named(line.meters.flatMap((meter) => levels(month, meter, spans, 1n, '')));
    case 'maximum':
      return named(greatest(month, line, spans, hours));
    case 'unique':
      return named(sightings(month, line, spans));
    case 'none':
      return line.kind === 'commitment' ? missing(month, line) : daysHeld(month, line);
  }
}

type Found = Omit<LineEvidence, 'label' | 'minor'> & Partial<Pick<LineEvidence, 'minor'>>;
type Life = Interval & { readonly meter: string };

const seconds = (ms: number): string => `${formatDecimal(ratio(ms, 1_000), 3)} s`;

function lived(lives: readonly Life[], spans: readonly Span[], of: (ms: number) => Ratio): Found[] {
  return lives.flatMap((life) =>
    spans.flatMap((span) => {
      const inside = clip(closed(life, span.to), span);
      if (!inside) return [];
      const ms = inside.to - inside.from;
      return [
        { kind: 'life', meter: life.meter, resource: life.resource, ...inside, quantity: of(ms), detail: seconds(ms) },
      ];
    }),
  );
}

function peakLives({ rated }: RatedMonth, lives: readonly Life[], spans: readonly Span[]): Found[] {
  const quantity = sum(spans.map((span) => shareOfDays(rated.period, span)));
  const meter = lives[0]?.meter ?? null;
  return aliveAtPeak(lives, spans).map((life) => ({
    kind: 'life',
    meter,
    ...life,
    quantity,
    detail: 'alive when there were most',
  }));
}

/** A date on which a resource lived twice is the earlier life's. */
function datesTouched({ rated: { period } }: RatedMonth, lives: readonly Life[], spans: readonly Span[]): Found[] {
  const seen = new Map<string, Set<number>>();
  const ordered = lived(lives, spans, () => ZERO).sort((a, b) => a.from - b.from);
  return ordered.flatMap((life) => {
    const dates = seen.get(life.resource) ?? new Set();
    seen.set(life.resource, dates);
    const { first, after } = daysTouched(period, life);
    let added = 0;
    for (let day = first; day < after; day++) {
      if (dates.has(day)) continue;
      dates.add(day);
      added++;
    }
    const days = period.dayStarts.length;
    return [{ ...life, quantity: ratio(added, days), detail: `${added} of ${days} dates` }];
  });
}

function levels(
  { input, rated: { period } }: RatedMonth,
  meter: string,
  spans: readonly Span[],
  per: bigint,
  unit: string,
): Found[] {
  const whole = ratio(per * BigInt(period.to - period.from));
  return [...heldLevels(input.usage.samples.get(meter) ?? [], period.to)].flatMap(([resource, held]) =>
    held.flatMap(({ value, ...level }) =>
      spans.flatMap((span) => {
        const inside = clip(level, span);
        if (!inside || value.num === 0n) return [];
        const ms = inside.to - inside.from;
        const quantity = multiply(value, ratio(BigInt(ms) * whole.den, whole.num));
        const detail = `${formatDecimal(value)}${unit} for ${seconds(ms)}`;
        return [{ kind: 'level' as const, meter, resource, ...inside, quantity, detail }];
      }),
    ),
  );
}

/** Each resource's greatest value, in the hour it was first reached. */
function greatest(
  { rated: { period } }: RatedMonth,
  line: RatedLine,
  spans: readonly Span[],
  { peaks }: HourlyUsage,
): Found[] {
  const share = sum(spans.map((span) => shareOfDays(period, span)));
  const inside = line.meters
    .flatMap((meter) => (peaks?.get(meter) ?? []).map((peak) => ({ ...peak, meter })))
    .filter(({ at }) => spans.some(({ from, to }) => from <= at && at < to));
  return [...Map.groupBy(inside, ({ resource }) => resource)].map(([resource, own]) => {
    const most = own.reduce((best, one) => (compare(one.quantity, best.quantity) > 0 ? one : best));
    return {
      kind: 'count',
      meter: most.meter,
      resource,
      from: most.at,
      to: most.at - (most.at % HOUR_MS) + HOUR_MS,
      quantity: multiply(most.quantity, share),
      detail: `the greatest value, ${formatDecimal(most.quantity)}`,
    };
  });
}

/** How many different items each resource was seen with. */
function sightings({ input, rated: { period } }: RatedMonth, line: RatedLine, spans: readonly Span[]): Found[] {
  const share = sum(spans.map((span) => shareOfDays(period, span)));
  const [from, to] = [spans[0]?.from ?? period.from, spans.at(-1)?.to ?? period.to];
  return line.meters.flatMap((meter) =>
    (input.usage.uniques?.get(meter) ?? [])
      .filter(({ at }) => at.some((instant) => spans.some((span) => span.from <= instant && instant < span.to)))
      .map(({ resource, quantity }) => ({
        kind: 'count' as const,
        meter,
        resource,
        from,
        to,
        quantity: multiply(quantity, share),
        detail: `${formatDecimal(quantity)} different items`,
      })),
  );
}

/** A fee: the dates its price held, of all dates of the month. */
function daysHeld({ rated: { period } }: RatedMonth, line: RatedLine): LineEvidence[] {
  return line.spans.map((span) => {
    const quantity = shareOfDays(period, span);
    const { first, after } = daysTouched(period, span);
    const detail = `${after - first} of ${period.dayStarts.length} dates`;
    return {
      kind: 'days',
      meter: null,
      resource: line.priceVersion,
      label: null,
      ...span,
      quantity,
      detail,
      minor: null,
    };
  });
}

/** A commitment not reached: what was committed for its dates, less every line that counts towards it. */
function missing({ rated, input }: RatedMonth, line: RatedLine): LineEvidence[] {
  const index = Number(line.component.slice(line.component.lastIndexOf('-') + 1)) - 1;
  const commitment = input.commitments[index];
  const [span = rated.period] = line.spans;
  if (!commitment) return [];
  const owed = toMinor(multiply(commitment.amount, shareOfDays(rated.period, commitment.span)), rated.currency);
  const counted = rated.lines.filter(({ countsTowardCommitment }) => countsTowardCommitment);
  const base = { meter: null, label: null, from: span.from, to: span.to };
  return [
    { ...base, kind: 'commitment', resource: line.component, quantity: ONE, detail: 'committed', minor: owed },
    ...counted.map(
      (other): LineEvidence => ({
        ...base,
        kind: 'counted',
        resource: `${other.component}@${other.priceVersion}`,
        label: other.description,
        quantity: ZERO,
        detail: 'counts towards it',
        minor: -other.minor,
      }),
    ),
  ];
}

const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
