import { type ClusterState, ClusterStateUnavailableError } from '#cluster/api';
import type { Clock, Logger, Random, Timer } from '#stdx';
import { withDeadline } from './deadline.ts';
import type { CoordinatorTiming } from './timing.ts';

/** The leader stops acting so long before its lease ends: what it has just sent is then still its own to send. */
const MARGIN = 0.1;
/** Followers wake up at the end of the lease, spread over this, so that they do not all ask in one instant. */
const CAMPAIGN_SPREAD_MS = 50;

export interface LeadershipListener {
  elected(epoch: number): void;
  /** It no longer acts. `reason` is for people. */
  lost(epoch: number, reason: string): void;
}

/** Campaigns for the lease, renews it, and knows by its own monotonic clock how long it may act. */
export class Leadership {
  private epoch: number | undefined;
  private actUntil = Number.NEGATIVE_INFINITY;
  private timer: Timer | undefined;
  private expiry: Timer | undefined;
  private running = false;
  private busy = false;

  constructor(
    private readonly hubId: string,
    private readonly state: ClusterState,
    private readonly timing: CoordinatorTiming,
    private readonly clock: Clock,
    private readonly random: Random,
    private readonly options: {
      readonly listener: LeadershipListener;
      readonly logger: Logger;
      /** Asked before each campaign and each renewal: a hub that does not understand its cluster must not lead it. */
      readonly mayLead: () => boolean;
    },
  ) {}

  start(): void {
    this.running = true;
    void this.turn();
  }

  /** The epoch in which this hub may act now; asked before every act. */
  current(): number | undefined {
    if (this.epoch === undefined || this.clock.monotonic() >= this.actUntil) return undefined;
    return this.epoch;
  }

  /** Somebody gave the lease up: do not wait for the next turn. */
  hurry(): void {
    if (this.running && this.epoch === undefined && !this.busy) this.next(0);
  }

  async stop(): Promise<void> {
    this.running = false;
    this.timer?.cancel();
    const epoch = this.epoch;
    if (epoch === undefined) return;
    this.lose('this hub stops');
    await withDeadline(this.clock, this.timing.leaderRenewMs, this.state.resignLeadership(this.hubId, epoch)).catch(
      (error) =>
        this.options.logger.warn({ error: (error as Error).message }, 'could not resign; the lease will run out'),
    );
  }

  private async turn(): Promise<void> {
    this.busy = true;
    let waitMs = this.timing.leaderRenewMs;
    try {
      waitMs = this.epoch === undefined ? await this.campaign() : await this.renew(this.epoch);
    } catch (error) {
      if (!(error instanceof ClusterStateUnavailableError))
        this.options.logger.error({ error: (error as Error).message }, 'leadership could not be asked for');
      // Sooner than usual: a lease that still runs may yet be kept.
      waitMs = this.timing.leaderRenewMs / 2;
    } finally {
      this.busy = false;
    }
    if (this.running) this.next(waitMs);
  }

  private next(waitMs: number): void {
    this.timer?.cancel();
    this.timer = this.clock.after(waitMs, () => void this.turn());
  }

  private async campaign(): Promise<number> {
    const { leaderTtlMs, leaderRenewMs } = this.timing;
    if (!this.options.mayLead()) return leaderRenewMs;
    const spread = this.random.fraction() * CAMPAIGN_SPREAD_MS;
    const lease = await withDeadline(this.clock, leaderRenewMs, this.state.readLeadership());
    if (lease && lease.holderHubId !== this.hubId) return Math.min(leaderRenewMs, lease.remainingMs + spread);
    const asked = this.clock.monotonic();
    const won = await withDeadline(this.clock, leaderRenewMs, this.state.acquireLeadership(this.hubId, leaderTtlMs));
    if (!won) return spread;
    if (!this.running) {
      await this.state.resignLeadership(this.hubId, won.epoch);
      return spread;
    }
    this.epoch = won.epoch;
    this.hold(asked, won.remainingMs);
    this.options.logger.info({ epoch: won.epoch }, 'this hub leads');
    this.options.listener.elected(won.epoch);
    return leaderRenewMs;
  }

  private async renew(epoch: number): Promise<number> {
    const { leaderTtlMs, leaderRenewMs } = this.timing;
    if (!this.options.mayLead()) {
      this.lose('this hub no longer understands its cluster');
      await withDeadline(this.clock, leaderRenewMs, this.state.resignLeadership(this.hubId, epoch));
      return leaderRenewMs;
    }
    const asked = this.clock.monotonic();
    const renewed = await withDeadline(
      this.clock,
      leaderRenewMs,
      this.state.renewLeadership(this.hubId, epoch, leaderTtlMs),
    );
    if (this.epoch !== epoch) return 0;
    if (!renewed) {
      this.lose('the lease is no longer ours');
      return 0;
    }
    this.hold(asked, renewed.remainingMs);
    return leaderRenewMs;
  }

  /** The lease began no earlier than it was asked for, so counted from there it ends here before it ends there. */
  private hold(asked: number, remainingMs: number): void {
    const ttlMs = Math.min(remainingMs, this.timing.leaderTtlMs);
    this.actUntil = asked + ttlMs * (1 - MARGIN);
    this.expect();
  }

  /** Timers may come early: what counts is the clock. */
  private expect(): void {
    this.expiry?.cancel();
    this.expiry = this.clock.after(Math.max(0, this.actUntil - this.clock.monotonic()), () => {
      if (this.current() === undefined) this.lose('the lease could not be renewed in time');
      else this.expect();
    });
  }

  private lose(reason: string): void {
    const epoch = this.epoch;
    if (epoch === undefined) return;
    this.epoch = undefined;
    this.actUntil = Number.NEGATIVE_INFINITY;
    this.expiry?.cancel();
    this.options.logger.warn({ epoch, reason }, 'this hub no longer leads');
    this.options.listener.lost(epoch, reason);
  }
}
