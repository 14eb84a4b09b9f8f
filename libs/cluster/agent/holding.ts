import type { HeldState, HeldVolume, OpenRefusal, OpenReport } from '#cluster/api';
import type { Clock, Timer } from '#stdx';
import type { Interruption } from './take-volume.ts';
import type { HostedVolume } from './volume-host.ts';

/** One volume at one epoch in this process: from the order to open it until nothing of it is held any more. */
export class Holding<V extends HostedVolume> {
  state: HeldState = 'opening';
  reason: string | undefined;
  volume: V | undefined;
  /** Resolves with the answer to the order. */
  opened: Promise<OpenReport> | undefined;
  /** Resolves when the closing of an open volume has ended. */
  letGo: Promise<void> | undefined;
  endedAt = 0;
  private why: Interruption | undefined;
  private timer: Timer | undefined;

  constructor(
    readonly volumeId: string,
    readonly epoch: number,
    private leaseUntil: number,
    private readonly clock: Clock,
    private readonly onExpired: () => void,
  ) {
    this.arm();
  }

  /** True while a hub has renewed it recently enough, by this process's monotonic clock, whatever the timers did. */
  leaseLive(): boolean {
    return this.clock.monotonic() < this.leaseUntil;
  }

  /** Lengthens a running lease. One that has ended stays ended. */
  renew(until: number): void {
    if (this.leaseLive() && until > this.leaseUntil) this.leaseUntil = until;
  }

  /** Why an opening must end. The first reason stands. */
  get interruption(): Interruption | undefined {
    return this.why;
  }

  interrupt(refusal: OpenRefusal, reason: string): void {
    this.why ??= { refusal, reason };
  }

  end(state: 'released' | 'fenced' | 'failed'): void {
    this.state = state;
    this.volume = undefined;
    this.endedAt = this.clock.monotonic();
    this.timer?.cancel();
  }

  describe(): HeldVolume {
    const storage = this.state === 'serving' ? this.volume?.storageState?.() : undefined;
    return {
      volumeId: this.volumeId,
      epoch: this.epoch,
      state: this.state,
      ...(this.reason === undefined ? {} : { reason: this.reason }),
      writable: this.state === 'serving' && (this.volume?.writable() ?? false),
      ...(storage === undefined ? {} : { storage }),
    };
  }

  private arm(): void {
    this.timer = this.clock.after(Math.max(0, this.leaseUntil - this.clock.monotonic()), () => {
      if (this.leaseLive()) this.arm();
      else this.onExpired();
    });
  }
}
