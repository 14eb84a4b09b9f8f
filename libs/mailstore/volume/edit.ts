import {
  type AccountId,
  type AccountSpec,
  type AccountStanding,
  type AnnotatedEntry,
  actsAbroad,
  initialMailboxes,
  lookupName,
  type MailboxId,
  type MailboxRole,
  MailStoreError,
  type MailStoreLimits,
} from '#mailstore/api';
import { assert, type RequestContext } from '#stdx';
import type { AccountCache } from './account-cache.ts';
import { BlobLedger } from './blobs.ts';
import type { Counters } from './counters.ts';
import type { IndexDb } from './index-db.ts';
import { ACCOUNT_COLUMNS, type AccountRow, isDeleted, isSeen, MAILBOX_COLUMNS, type MailboxRow } from './rows.ts';

/** Accounts' numbers are packed beside message ids (`messageKey`). */
const ACCOUNTS_MAX = 2 ** 21;

/** What an operation works with, besides its own rows. */
export interface EditScope {
  readonly index: IndexDb;
  readonly cache: AccountCache;
  readonly counters: Counters;
  readonly limits: MailStoreLimits;
  readonly epoch: number;
  /** Entries of the outbound queue as of the last commit. */
  readonly queueLength: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

const leaving = (): MailStoreError => new MailStoreError('stale', 'the account is moving to or from another volume');

/** An account as one operation sees and changes it. */
export interface AccountEdit {
  readonly row: AccountRow;
  /** The modSeq of this operation once `touch` gave it one. */
  touched: boolean;
  /** E-mail, partner or quota changed. */
  respecified: boolean;
  /** Mailboxes were renamed or removed, or the account itself: the cache is not to keep what it knew. */
  reshaped: boolean;
  readonly mailboxes: Map<MailboxId, MailboxRow>;
  readonly changedMailboxes: Set<MailboxId>;
  mailboxList: boolean;
  readonly annotated: AnnotatedEntry[];
}

/**
 * One operation's rows of accounts and mailboxes: read when first asked for, changed in place, written back by `save` when
 * the operation succeeded. An account takes one modSeq per operation, at the first `touch`.
 */
export class Edit {
  readonly accounts = new Map<AccountId, AccountEdit>();
  readonly blobs: BlobLedger;
  /** Messages added less messages removed. */
  messagesDelta = 0;
  /** Queue entries added less entries removed. */
  queueDelta = 0;
  /** Earliest time a queue entry added here is due. */
  queueDueAt: number | undefined;

  constructor(readonly scope: EditScope) {
    this.blobs = new BlobLedger(scope.index);
  }

  /** Rejects `accountNotFound` for an account that is not here, or is another partner's; `stale` for one that is leaving. */
  account(context: RequestContext, accountId: AccountId): AccountEdit {
    const account = this.anyAccount(context, accountId);
    if (!account || account.row.standing === 'arriving') throw new MailStoreError('accountNotFound');
    if (account.row.standing === 'held') throw leaving();
    return account;
  }

  /** Whatever its standing. */
  anyAccount(context: RequestContext, accountId: AccountId): AccountEdit | undefined {
    const account = this.find(accountId);
    const { partnerId } = context;
    const isForeign = partnerId !== undefined && partnerId !== account?.row.partnerId;
    return isForeign || actsAbroad(context, accountId) ? undefined : account;
  }

  /** The partner an account belongs to, when it is here. */
  ownerOf(accountId: AccountId): string | undefined {
    return this.find(accountId)?.row.partnerId;
  }

  ensureAccount(spec: AccountSpec): AccountEdit {
    const known = this.find(spec.accountId);
    if (!known) return this.createAccount(spec);
    const { row } = known;
    if (row.standing !== 'open') throw leaving();
    const { email, partnerId, quotaBytes } = spec;
    if (row.email !== email || row.partnerId !== partnerId || row.quotaBytes !== quotaBytes) {
      Object.assign(row, { email, partnerId, quotaBytes });
      known.respecified = true;
    }
    return known;
  }

  /** This operation's modSeq for the account. */
  touch(account: AccountEdit): number {
    if (!account.touched) {
      account.touched = true;
      account.row.modSeq += 1;
    }
    return account.row.modSeq;
  }

  mailboxById(account: AccountEdit, id: MailboxId): MailboxRow {
    const known = account.mailboxes.get(id);
    if (known) return known;
    const cached = this.scope.cache.get(account.row.id)?.mailboxes.get(id);
    const sql = `SELECT ${MAILBOX_COLUMNS} FROM mailbox WHERE account = ? AND id = ?`;
    const row = cached ? { ...cached } : this.scope.index.get<MailboxRow>(sql, account.row.number, id);
    if (!row) throw new MailStoreError('mailboxNotFound');
    account.mailboxes.set(id, row);
    return row;
  }

  mailboxByName(account: AccountEdit, name: string): MailboxRow | undefined {
    const wanted = lookupName(name, this.scope.limits);
    if (wanted === undefined) return undefined;
    for (const row of account.mailboxes.values()) if (row.name === wanted) return row;
    for (const cached of this.scope.cache.get(account.row.id)?.mailboxes.values() ?? [])
      if (cached.name === wanted && !account.reshaped) return this.mailboxById(account, cached.id);
    const row = this.scope.index.get<MailboxRow>(
      `SELECT ${MAILBOX_COLUMNS} FROM mailbox WHERE account = ? AND name = ?`,
      ...[account.row.number, wanted],
    );
    // A row this operation renamed is found in memory only; its old name in the table is stale.
    if (!row || account.mailboxes.has(row.id)) return undefined;
    account.mailboxes.set(row.id, row);
    return row;
  }

  /** Marks a mailbox changed, so that `save` writes it, and watchers hear of it. */
  touchMailbox(account: AccountEdit, row: MailboxRow): number {
    const modSeq = this.touch(account);
    account.changedMailboxes.add(row.id);
    return modSeq;
  }

  addMailbox(account: AccountEdit, name: string, role: MailboxRole | null): MailboxRow {
    const { index, now } = this.scope;
    const { row } = account;
    const modSeq = this.touch(account);
    // RFC 9051 §2.3.1.1 suggests the time; one more than the last makes it unique when mailboxes come quickly.
    row.lastUidValidity = Math.max(Math.floor(now / 1000) >>> 0, row.lastUidValidity + 1);
    const mailbox: MailboxRow = {
      ...{ account: row.number, id: row.nextMailbox++, name, role, uidValidity: row.lastUidValidity, uidNext: 1 },
      ...{ modSeq, recentUid: 1, messages: 0, unseen: 0, deleted: 0, sizeBytes: 0 },
      ...{ createdModSeq: modSeq, updatedModSeq: modSeq, forgottenModSeq: 0 },
    };
    index.run(
      `INSERT INTO mailbox (account, id, name, role, uid_validity, uid_next, mod_seq, recent_uid, messages, unseen,
        deleted, size_bytes, created_mod_seq, updated_mod_seq, forgotten_mod_seq)
        VALUES (?, ?, ?, ?, ?, 1, ?, 1, 0, 0, 0, 0, ?, ?, 0)`,
      ...[row.number, mailbox.id, name, role, mailbox.uidValidity, modSeq, modSeq, modSeq],
    );
    this.inheritShares(row.number, mailbox);
    account.mailboxes.set(mailbox.id, mailbox);
    this.touchMailbox(account, mailbox);
    account.mailboxList = true;
    return mailbox;
  }

  /** RFC 4314 §5.1.1: a new mailbox is shared as its parent is. */
  private inheritShares(account: number, { id, name }: MailboxRow): void {
    const slash = name.lastIndexOf('/');
    if (slash < 0) return;
    const sql = `INSERT INTO share (account, mailbox, grantee, rights) SELECT account, ?, grantee, rights FROM share
      WHERE account = ? AND mailbox = (SELECT id FROM mailbox WHERE account = ? AND name = ?)`;
    this.scope.index.run(sql, id, account, account, name.slice(0, slash));
  }

  countMailboxes(account: AccountEdit): number {
    const sql = 'SELECT count(*) AS n FROM mailbox WHERE account = ?';
    return this.scope.index.get<{ n: number }>(sql, account.row.number)?.n ?? 0;
  }

  subscribe(account: AccountEdit, name: string): boolean {
    const sql = 'INSERT OR IGNORE INTO subscription (account, name) VALUES (?, ?)';
    return this.scope.index.run(sql, account.row.number, name) > 0;
  }

  unsubscribe(account: AccountEdit, name: string): boolean {
    const sql = 'DELETE FROM subscription WHERE account = ? AND name = ?';
    return this.scope.index.run(sql, account.row.number, name) > 0;
  }

  isSubscribed(account: AccountEdit, name: string): boolean {
    const sql = 'SELECT 1 AS found FROM subscription WHERE account = ? AND name = ?';
    return this.scope.index.get(sql, account.row.number, name) !== undefined;
  }

  /** A message with these keywords entered (`sign` 1) or left (−1) the mailbox. */
  count(account: AccountEdit, mailbox: MailboxRow, message: { keywords: string; size: number }, sign: 1 | -1): void {
    mailbox.messages += sign;
    mailbox.sizeBytes += sign * message.size;
    if (!isSeen(message.keywords)) mailbox.unseen += sign;
    if (isDeleted(message.keywords)) mailbox.deleted += sign;
    account.row.messages += sign;
    account.row.usedBytes += sign * message.size;
    this.messagesDelta += sign;
  }

  /** Writes the changed rows back. The operation's last step. */
  save(): void {
    for (const account of this.accounts.values()) {
      for (const id of account.changedMailboxes) {
        const mailbox = account.mailboxes.get(id);
        if (mailbox) this.saveMailbox(mailbox);
      }
      if (account.respecified) this.saveSpec(account.row);
      if (account.touched) this.saveCounters(account.row);
    }
  }

  /** The operation succeeded: the next one starts from its rows. */
  remember(): void {
    const { cache } = this.scope;
    for (const [accountId, { row, mailboxes, reshaped }] of this.accounts) {
      if (reshaped) cache.forget(accountId);
      else {
        const known = cache.get(accountId)?.mailboxes;
        cache.put(accountId, { row, mailboxes: known ? new Map([...known, ...mailboxes]) : mailboxes });
      }
    }
  }

  private find(accountId: AccountId): AccountEdit | undefined {
    const known = this.accounts.get(accountId);
    if (known) return known;
    const cached = this.scope.cache.get(accountId)?.row;
    const sql = `SELECT ${ACCOUNT_COLUMNS} FROM account WHERE id = ?`;
    const row = cached ? { ...cached } : this.scope.index.get<AccountRow>(sql, accountId);
    return row && this.open(row);
  }

  private open(row: AccountRow): AccountEdit {
    const account: AccountEdit = {
      ...{ row, touched: false, respecified: false, reshaped: false, mailboxList: false },
      ...{ mailboxes: new Map(), changedMailboxes: new Set(), annotated: [] },
    };
    this.accounts.set(row.id, account);
    return account;
  }

  private createAccount(spec: AccountSpec): AccountEdit {
    const account = this.insertAccount(spec, 'open');
    for (const { name, role } of initialMailboxes) {
      this.addMailbox(account, name, role);
      this.subscribe(account, name);
    }
    return account;
  }

  /** A new account without mailboxes. */
  insertAccount({ accountId, email, partnerId, quotaBytes }: AccountSpec, standing: AccountStanding): AccountEdit {
    const { index, counters } = this.scope;
    const number = counters.next('account');
    assert(number < ACCOUNTS_MAX, 'a volume has used all its account numbers');
    index.run(
      `INSERT INTO account (number, id, email, partner_id, quota_bytes, used_bytes, messages, mod_seq, next_mailbox,
        next_message, last_uid_validity, standing) VALUES (?, ?, ?, ?, ?, 0, 0, 0, 1, 1, 0, ?)`,
      ...[number, accountId, email, partnerId, quotaBytes, standing],
    );
    return this.open({
      ...{ number, id: accountId, email, partnerId, quotaBytes, usedBytes: 0, messages: 0, modSeq: 0 },
      ...{ nextMailbox: 1, nextMessage: 1, lastUidValidity: 0, standing },
    });
  }

  private saveSpec({ email, partnerId, quotaBytes, number }: AccountRow): void {
    const sql = 'UPDATE account SET email = ?, partner_id = ?, quota_bytes = ? WHERE number = ?';
    this.scope.index.run(sql, email, partnerId, quotaBytes, number);
  }

  private saveCounters(row: AccountRow): void {
    this.scope.index.run(
      `UPDATE account SET used_bytes = ?, messages = ?, mod_seq = ?, next_mailbox = ?, next_message = ?,
        last_uid_validity = ? WHERE number = ?`,
      ...[row.usedBytes, row.messages, row.modSeq, row.nextMailbox, row.nextMessage, row.lastUidValidity, row.number],
    );
  }

  private saveMailbox(row: MailboxRow): void {
    this.scope.index.run(
      `UPDATE mailbox SET uid_next = ?, mod_seq = ?, recent_uid = ?, messages = ?, unseen = ?, deleted = ?,
        size_bytes = ? WHERE account = ? AND id = ?`,
      ...[row.uidNext, row.modSeq, row.recentUid, row.messages, row.unseen, row.deleted, row.sizeBytes],
      ...[row.account, row.id],
    );
  }
}
