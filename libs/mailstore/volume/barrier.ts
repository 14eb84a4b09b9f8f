import { type Deferred, deferred } from '#stdx';

/**
 * The reply barrier: between a transaction's commit and its sync, what it changed can be read but must not be shown. A read
 * that may have seen it waits until it is durable, so that no uid or modSeq that was ever shown is given out again after a crash.
 */
export class Barrier {
  private accounts: ReadonlySet<string> = new Set();
  private open: Deferred<void> | undefined;

  /** A commit touching these accounts is waiting for its sync. */
  raise(accounts: ReadonlySet<string>): void {
    this.accounts = accounts;
    this.open = deferred();
    // Nobody may be waiting when it fails.
    this.open.promise.catch(() => {});
  }

  lift(): void {
    this.open?.resolve();
    this.open = undefined;
  }

  fail(error: Error): void {
    this.open?.reject(error);
  }

  /** Call after reading, before returning what was read of the account; without one, of anything. */
  async passed(accountId?: string): Promise<void> {
    if (this.open && (accountId === undefined || this.accounts.has(accountId))) await this.open.promise;
  }
}
