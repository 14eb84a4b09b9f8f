import type { Clock, Timer } from '#stdx';

interface Scheduled {
  at: number;
  order: number;
  run: () => void;
  intervalMs: number | undefined;
}

/** Time that moves only when told. Timers run in order of their time, then of their making. */
export class SimulatedClock implements Clock {
  private elapsed = 0;
  private order = 0;
  private readonly scheduled = new Set<Scheduled>();

  constructor(private readonly startedAt = Date.UTC(2026, 0, 1)) {}

  now(): number {
    return this.startedAt + this.elapsed;
  }

  monotonic(): number {
    return this.elapsed;
  }

  after(delayMs: number, run: () => void): Timer {
    return this.schedule(delayMs, run, undefined);
  }

  every(intervalMs: number, run: () => void): Timer {
    return this.schedule(intervalMs, run, intervalMs);
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.after(delayMs, resolve));
  }

  /** Moves time on, running what falls due and letting promises settle in between. */
  async advance(byMs: number): Promise<void> {
    const target = this.elapsed + byMs;
    for (;;) {
      await settle();
      const next = this.next();
      if (!next || next.at > target) break;
      this.elapsed = Math.max(this.elapsed, next.at);
      if (next.intervalMs === undefined) this.scheduled.delete(next);
      else next.at += next.intervalMs;
      next.run();
    }
    this.elapsed = target;
    await settle();
  }

  private next(): Scheduled | undefined {
    let first: Scheduled | undefined;
    for (const item of this.scheduled) {
      if (!first || item.at < first.at || (item.at === first.at && item.order < first.order)) first = item;
    }
    return first;
  }

  private schedule(delayMs: number, run: () => void, intervalMs: number | undefined): Timer {
    const item: Scheduled = { at: this.elapsed + delayMs, order: this.order++, run, intervalMs };
    this.scheduled.add(item);
    return { cancel: () => this.scheduled.delete(item) };
  }
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
