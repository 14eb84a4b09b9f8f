import type { Clock, Timer } from '#stdx';
import type { World } from './world.ts';

const STARTED_AT = Date.UTC(2026, 0, 1);

/**
 * One operating-system process: its clock, and everything that reaches it from outside. Stopped, nothing of it runs and
 * what arrives waits; killed, nothing of it ever runs again.
 */
export class SimProcess implements Clock {
  alive = true;
  /** Its wall clock is wrong by so much. Its monotonic clock cannot be. */
  wallOffsetMs = 0;
  private stopped = false;
  private readonly waiting: (() => void)[] = [];

  constructor(
    readonly name: string,
    private readonly world: World,
    /** How fast its monotonic clock runs. Always 1, but for tests of the checkers. */
    private readonly rate = 1,
  ) {}

  get running(): boolean {
    return this.alive && !this.stopped;
  }

  /** SIGSTOP. */
  stop(): void {
    this.stopped = true;
  }

  /** SIGCONT: what came due meanwhile runs now, in the order in which it came. */
  resume(): void {
    if (!this.stopped) return;
    this.stopped = false;
    for (const run of this.waiting.splice(0)) this.world.in(0, () => this.deliver(run));
  }

  /** kill -9. */
  kill(): void {
    this.alive = false;
    this.waiting.length = 0;
  }

  /** Something from outside reaches it. */
  deliver(run: () => void): void {
    if (!this.alive) return;
    if (this.stopped) this.waiting.push(run);
    else run();
  }

  now(): number {
    return STARTED_AT + this.world.now + this.wallOffsetMs;
  }

  monotonic(): number {
    return this.world.now * this.rate;
  }

  after(delayMs: number, run: () => void): Timer {
    let cancelled = false;
    const cancel = this.world.in(delayMs / this.rate, () => this.deliver(() => void (cancelled || run())));
    return {
      cancel: () => {
        cancelled = true;
        cancel();
      },
    };
  }

  every(intervalMs: number, run: () => void): Timer {
    let timer: Timer | undefined;
    const arm = (): void => {
      timer = this.after(intervalMs, () => {
        arm();
        run();
      });
    };
    arm();
    return { cancel: () => timer?.cancel() };
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.after(delayMs, resolve));
  }
}
