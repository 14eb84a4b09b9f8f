import type { Redis } from 'ioredis';
import type { Clock, Logger } from '#stdx';

export const WINDOW_SECONDS = 60;

/** Requests in the present window, this one included. */
export interface RateCounter {
  count(subject: string, window: number): Promise<number>;
}

/** Counts for this process alone. */
export class MemoryRateCounter implements RateCounter {
  private window = 0;
  private counts = new Map<string, number>();

  async count(subject: string, window: number): Promise<number> {
    if (window !== this.window) {
      this.window = window;
      this.counts = new Map();
    }
    const next = (this.counts.get(subject) ?? 0) + 1;
    this.counts.set(subject, next);
    return next;
  }
}

/** Counts for all processes; for this one alone while Redis is away, so that losing Redis refuses nobody. */
export class RedisRateCounter implements RateCounter {
  private readonly own = new MemoryRateCounter();
  private warnedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly redis: Redis,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  async count(subject: string, window: number): Promise<number> {
    if (this.redis.status !== 'ready') return this.own.count(subject, window);
    const name = `rookery:rate:${subject}:${window}`;
    try {
      const [counted] =
        (await this.redis
          .multi()
          .incr(name)
          .expire(name, WINDOW_SECONDS * 2)
          .exec()) ?? [];
      if (typeof counted?.[1] === 'number') return counted[1];
    } catch (error) {
      this.warn(error as Error);
    }
    return this.own.count(subject, window);
  }

  /** Once a minute, however many requests find it away. */
  private warn(error: Error): void {
    const now = this.clock.monotonic();
    if (now - this.warnedAt < WINDOW_SECONDS * 1_000) return;
    this.warnedAt = now;
    this.logger.warn({ error: error.message }, 'Redis does not count requests; this process counts its own');
  }
}
