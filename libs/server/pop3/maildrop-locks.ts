import type { AccountId } from '#mailstore/api';
import type { Clock } from '#stdx';
import type { Pop3Limits } from './limits.ts';

/** Who has a maildrop. */
export interface MaildropHolder {
  /** Monotonic time at which the client was last heard, or last took bytes. */
  readonly activeAt: number;
  /** Somebody else has it now: ends, and deletes nothing. */
  giveWay(): void;
}

/**
 * The exclusive lock on each maildrop of a node (RFC 1939 §4). The store needs none — a maildrop is a view with fixed uids —
 * but two clients that empty one maildrop would each get a part of it. So a newcomer waits for a client that is at work, and
 * takes over from one that is silent: mostly its own former connection, which nobody told that the network is gone.
 */
export class MaildropLocks {
  private readonly holders = new Map<AccountId, MaildropHolder>();
  private readonly waiters = new Map<AccountId, Set<() => void>>();

  constructor(private readonly clock: Clock) {}

  /** Resolves with whether `holder` has the maildrop now. */
  async acquire(
    accountId: AccountId,
    holder: MaildropHolder,
    limits: Pick<Pop3Limits, 'lockIdleMs' | 'lockWaitMs'>,
  ): Promise<boolean> {
    const deadline = this.clock.monotonic() + limits.lockWaitMs;
    for (;;) {
      const present = this.holders.get(accountId);
      const now = this.clock.monotonic();
      const silentUntil = present ? present.activeAt + limits.lockIdleMs : now;
      if (now >= silentUntil) {
        this.holders.set(accountId, holder);
        present?.giveWay();
        return true;
      }
      if (now >= deadline) return false;
      await this.released(accountId, Math.min(silentUntil, deadline) - now);
    }
  }

  release(accountId: AccountId, holder: MaildropHolder): void {
    if (this.holders.get(accountId) !== holder) return;
    this.holders.delete(accountId);
    for (const wake of this.waiters.get(accountId) ?? []) wake();
  }

  private released(accountId: AccountId, waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const waiting = this.waiters.get(accountId) ?? new Set();
      this.waiters.set(accountId, waiting);
      const wake = (): void => {
        timer.cancel();
        waiting.delete(wake);
        if (waiting.size === 0) this.waiters.delete(accountId);
        resolve();
      };
      const timer = this.clock.after(waitMs, wake);
      waiting.add(wake);
    });
  }
}
