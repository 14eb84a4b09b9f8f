import type { QueueEntry } from '#mailstore/api';
import { transactionKey } from './outbound-message.ts';
import type { AttemptOutcome, Destination } from './ports.ts';
import type { QueueSettings } from './settings.ts';

/** What goes to one destination: waiting entries, attempts under way, and whether to leave it alone. */
export class Lane {
  readonly pending: QueueEntry[] = [];
  active = 0;
  /** Milliseconds since the epoch. */
  blockedUntil = 0;
  /** Why it is blocked. */
  lastOutcome: AttemptOutcome | null = null;
  private failures = 0;
  /** Attempts at once: grows as the destination answers, so that those who only hang cannot take up the whole queue. */
  private width: number;

  constructor(
    readonly key: string,
    readonly destination: Destination,
    private readonly settings: QueueSettings,
  ) {
    this.width = Math.min(settings.perDestinationFirst, settings.perDestinationMax);
  }

  /** One attempt probes a destination that failed last time; more only once it has answered. */
  get ready(): boolean {
    return this.pending.length > 0 && this.active < (this.failures > 0 ? 1 : this.width);
  }

  get idle(): boolean {
    return this.pending.length === 0 && this.active === 0;
  }

  /** The first waiting entry and those that can go with it in one transaction. */
  takeBatch(): readonly [QueueEntry, ...QueueEntry[]] {
    const first = this.pending.shift()!;
    const batch: [QueueEntry, ...QueueEntry[]] = [first];
    const key = transactionKey(first);
    for (let at = 0; at < this.pending.length && batch.length < this.settings.recipientsMax; ) {
      const entry = this.pending[at]!;
      if (entry.blobId === first.blobId && transactionKey(entry) === key) batch.push(...this.pending.splice(at, 1));
      else at++;
    }
    return batch;
  }

  answered(): void {
    this.width = Math.min(this.width + 1, this.settings.perDestinationMax);
    this.failures = 0;
    this.blockedUntil = 0;
  }

  unreachable(now: number, outcome: AttemptOutcome): void {
    const { backOffMinMs, backOffMaxMs } = this.settings;
    this.blockedUntil = now + Math.min(backOffMinMs * 2 ** Math.min(this.failures, 20), backOffMaxMs);
    this.failures++;
    this.width = 1;
    this.lastOutcome = outcome;
  }
}

/** Entries with the same key share a lane. */
export function laneKey(destination: Destination): string {
  switch (destination.kind) {
    case 'mx':
      return `mx ${destination.domain.toLowerCase()}`;
    case 'relayHost':
      return `relayHost ${destination.host} ${destination.port}`;
    case 'cluster':
    case 'local':
      return destination.kind;
    case 'refused':
      return `refused ${JSON.stringify(destination.reply)}`;
  }
}
