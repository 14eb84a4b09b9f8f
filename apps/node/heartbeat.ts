import type { Clock, Timer } from '#stdx';

/** Proofs a lease: a late one or two do not end a healthy node. */
const PROOFS_PER_LEASE = 10;

/** Tells the watchdog, while it is true, that the event loop turns and that no storage is held on a lease that has ended. */
export class Heartbeat {
  private timer: Timer | undefined;

  constructor(
    private readonly leasesHold: () => boolean,
    private readonly leaseMs: number,
    private readonly clock: Clock,
  ) {}

  /** Does nothing without a watchdog. Ends the process when the watchdog is gone: unwatched, it must not hold storage. */
  start(): void {
    if (!process.send) return;
    process.once('disconnect', () => process.exit(1));
    const prove = (): void => {
      if (this.leasesHold()) process.send?.('alive');
    };
    prove();
    this.timer = this.clock.every(this.leaseMs / PROOFS_PER_LEASE, prove);
  }

  stop(): void {
    this.timer?.cancel();
  }
}
