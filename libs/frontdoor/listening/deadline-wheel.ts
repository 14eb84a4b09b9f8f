import type { Clock, Timer } from '#stdx';

/** Something with a deadline on the monotonic clock. */
export interface Deadlined {
  /** Milliseconds; `Infinity` for none at present. May be moved at any time. */
  deadline: number;
  expire(): void;
}

/** One timer for any number of deadlines, for those that need not be met to the second: late by up to `tickMs`. */
export class DeadlineWheel {
  private readonly watched = new Set<Deadlined>();
  private timer: Timer | undefined;

  constructor(
    private readonly clock: Pick<Clock, 'monotonic' | 'every'>,
    private readonly tickMs = 1_000,
  ) {}

  now(): number {
    return this.clock.monotonic();
  }

  watch(item: Deadlined): void {
    this.watched.add(item);
    this.timer ??= this.clock.every(this.tickMs, () => this.turn());
  }

  forget(item: Deadlined): void {
    this.watched.delete(item);
    if (this.watched.size > 0) return;
    this.timer?.cancel();
    this.timer = undefined;
  }

  private turn(): void {
    const now = this.clock.monotonic();
    for (const item of this.watched) if (now >= item.deadline) item.expire();
  }
}
