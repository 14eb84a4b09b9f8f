import type { LeaderLease } from '#cluster/api';
import type { Clock } from '#stdx';

/** Who leads, by compare-and-set on (holder, epoch), as the row in PostgreSQL says it. */
export class MemoryLease {
  private holderHubId: string | null = null;
  private epoch = 0;
  private expiresAt = 0;

  constructor(private readonly clock: Pick<Clock, 'monotonic'>) {}

  acquire(hubId: string, ttlMs: number): LeaderLease | undefined {
    if (this.held() && this.holderHubId !== hubId) return undefined;
    this.holderHubId = hubId;
    this.epoch++;
    this.expiresAt = this.clock.monotonic() + ttlMs;
    return this.held();
  }

  renew(hubId: string, epoch: number, ttlMs: number): LeaderLease | undefined {
    if (this.holderHubId !== hubId || this.held()?.epoch !== epoch) return undefined;
    this.expiresAt = this.clock.monotonic() + ttlMs;
    return this.held();
  }

  /** Returns whether it was that hub's. */
  resign(hubId: string, epoch: number): boolean {
    if (this.holderHubId !== hubId || this.epoch !== epoch) return false;
    this.holderHubId = null;
    this.expiresAt = 0;
    return true;
  }

  /** Whoever is no member leads no more. */
  take(hubId: string): void {
    this.resign(hubId, this.epoch);
  }

  held(): LeaderLease | undefined {
    const remainingMs = this.expiresAt - this.clock.monotonic();
    return this.holderHubId !== null && remainingMs > 0
      ? { holderHubId: this.holderHubId, epoch: this.epoch, remainingMs }
      : undefined;
  }
}
