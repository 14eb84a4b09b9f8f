import type { Clock, Timer } from '#stdx';

/** How long the work may run ahead of its rate before it rests. */
const AHEAD_MS = 100;

/** Keeps background work at a rate of bytes, so that it leaves the storage to those who wait for it. */
export class Throttle {
  /** The work done so far would have taken until then at the rate. */
  private until = 0;
  private ended = false;
  private resting: { readonly timer: Timer; readonly wake: () => void } | undefined;

  constructor(
    private readonly clock: Clock,
    private readonly bytesPerSecond: number,
  ) {}

  /** After that much was read or written: resolves when it is time to go on. */
  async spend(bytes: number): Promise<void> {
    const now = this.clock.monotonic();
    this.until = Math.max(this.until, now) + (bytes * 1_000) / this.bytesPerSecond;
    const ahead = this.until - now;
    // Others have their turn in any case.
    if (ahead < AHEAD_MS || this.ended) return new Promise((resolve) => setImmediate(resolve));
    await new Promise<void>((resolve) => {
      this.resting = { timer: this.clock.after(ahead, resolve), wake: resolve };
    });
    this.resting = undefined;
  }

  /** Rests no more: the work is to come to its end. */
  end(): void {
    this.ended = true;
    this.resting?.timer.cancel();
    this.resting?.wake();
  }
}
