import type { AccountId, MailboxId } from '#mailstore/api';
import type { AccountRow, MailboxRow } from './rows.ts';

/** Rows as of the last operation that succeeded. Never changed in place: an operation works on copies. */
export interface CachedAccount {
  readonly row: AccountRow;
  readonly mailboxes: ReadonlyMap<MailboxId, MailboxRow>;
}

/** The accounts and mailboxes the writer used last. It is the only writer, so what it remembers is what the tables hold. */
export class AccountCache {
  private readonly accounts = new Map<AccountId, CachedAccount>();

  constructor(private readonly accountsMax: number) {}

  get(accountId: AccountId): CachedAccount | undefined {
    return this.accounts.get(accountId);
  }

  put(accountId: AccountId, account: CachedAccount): void {
    // Re-inserted, so that the map's order is that of last use.
    this.accounts.delete(accountId);
    this.accounts.set(accountId, account);
    if (this.accounts.size <= this.accountsMax) return;
    for (const oldest of this.accounts.keys()) {
      this.accounts.delete(oldest);
      return;
    }
  }

  forget(accountId: AccountId): void {
    this.accounts.delete(accountId);
  }

  /** A transaction was undone: what its operations left here never happened. */
  clear(): void {
    this.accounts.clear();
  }
}
