import type { BillingPeriod, Interval, RatedLine, Ratio, Sample, Usage } from '#billing/rating';

/** For pictures only: nothing that is billed is computed from it. */
const drawn = ({ num, den }: Ratio): number => Number(num) / Number(den);

/**
 * What a line used on each local date of its period: hours, mailboxes or gigabytes on average, messages. Up to `asOf`.
 */
export function dailyUsage(
  { measure, meters }: Pick<RatedLine, 'measure' | 'meters'>,
  usage: Usage,
  period: BillingPeriod,
  asOf: number,
): number[] {
  const days = new Days(period, asOf);
  for (const meter of meters) {
    switch (measure) {
      case 'hours':
        days.addLives(usage.intervals.get(meter) ?? [], 3_600_000);
        break;
      case 'peak':
      case 'average':
      case 'prorated':
        days.addLives(usage.intervals.get(meter) ?? [], undefined);
        break;
      case 'gigabyte-months':
        days.addLevels(usage.samples.get(meter) ?? [], 1e9);
        break;
      case 'level':
        days.addLevels(usage.samples.get(meter) ?? [], 1);
        break;
      // Known by stretches between price changes, not by dates: not drawn.
      case 'maximum':
      case 'unique':
        break;
      case 'total':
        for (const { at, quantity } of usage.counts.get(meter) ?? []) days.add(at, drawn(quantity));
        break;
      case 'none':
        break;
    }
  }
  return days.values.map((value) => Math.round(value * 1_000) / 1_000);
}

/** A value for each local date, and ways to add to them. */
class Days {
  readonly values: number[];
  private readonly starts: readonly number[];

  constructor(
    period: BillingPeriod,
    private readonly asOf: number,
  ) {
    this.starts = [...period.dayStarts, period.to];
    this.values = period.dayStarts.map(() => 0);
  }

  add(at: number, amount: number): void {
    const day = this.dayOf(at);
    if (day >= 0 && day < this.values.length) this.values[day] = (this.values[day] ?? 0) + amount;
  }

  /** Each life's time on each date, in units of `unitMs`; without one, as a share of the date. */
  addLives(lives: readonly Interval[], unitMs: number | undefined): void {
    for (const { from, to } of lives) this.spread(from, to ?? this.asOf, 1, unitMs);
  }

  /** Levels hold until the resource's next sample; in units of `unit`, averaged over each date. */
  addLevels(samples: readonly Sample[], unit: number): void {
    for (const own of Map.groupBy(samples, ({ resource }) => resource).values()) {
      const sorted = own.toSorted((a, b) => a.at - b.at);
      for (const [index, { at, value }] of sorted.entries())
        this.spread(at, sorted[index + 1]?.at ?? this.asOf, drawn(value) / unit, undefined);
    }
  }

  private spread(from: number, to: number, weight: number, unitMs: number | undefined): void {
    const until = Math.min(to, this.asOf, this.starts.at(-1) ?? to);
    let at = Math.max(from, this.starts[0] ?? from);
    for (let day = this.dayOf(at); at < until && day < this.values.length; day++) {
      const start = this.starts[day] ?? at;
      const end = this.starts[day + 1] ?? until;
      const lived = Math.min(until, end) - at;
      this.values[day] = (this.values[day] ?? 0) + (weight * lived) / (unitMs ?? end - start);
      at = end;
    }
  }

  /** Index of the date an instant is on; -1 before the first. */
  private dayOf(at: number): number {
    let low = 0;
    let high = this.starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.starts[middle] ?? 0) <= at) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}
