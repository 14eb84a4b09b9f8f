import type { AccountChange, AccountId } from '#mailstore/api';
import type { Logger } from '#stdx';

/** Who wants to hear of changes. A listener that throws is logged; it stops neither its neighbours nor the commit loop. */
export class Watchers {
  private readonly accounts = new Map<AccountId, Set<(change: AccountChange) => void>>();
  private readonly queue = new Set<(dueAt: number) => void>();

  constructor(private readonly logger: Logger) {}

  watch(accountId: AccountId, listener: (change: AccountChange) => void): () => void {
    const listeners = this.accounts.get(accountId) ?? new Set();
    this.accounts.set(accountId, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.accounts.get(accountId) === listeners) this.accounts.delete(accountId);
    };
  }

  watchQueue(listener: (dueAt: number) => void): () => void {
    this.queue.add(listener);
    return () => this.queue.delete(listener);
  }

  publish(changes: readonly AccountChange[], queueDueAt: number | undefined): void {
    for (const change of changes)
      for (const listener of this.accounts.get(change.accountId) ?? []) this.guarded(() => listener(change));
    if (queueDueAt === undefined) return;
    for (const listener of this.queue) this.guarded(() => listener(queueDueAt));
  }

  private guarded(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.logger.error({ error }, 'a watcher of the store failed');
    }
  }
}
