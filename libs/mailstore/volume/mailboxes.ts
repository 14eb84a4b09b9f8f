import {
  type AccountId,
  canonicalMailboxName,
  lookupName,
  type Mailbox,
  type MailboxRole,
  MailStoreError,
  parentNames,
} from '#mailstore/api';
import { present, type RequestContext } from '#stdx';
import type { AccountEdit, Edit } from './edit.ts';
import { type MailboxRow, mailboxView } from './rows.ts';

/** Rules of the mailbox tree, each function one operation. Errors as the port says. */

export function createMailbox(
  edit: Edit,
  context: RequestContext,
  accountId: AccountId,
  name: string,
  options: { readonly role?: MailboxRole; readonly subscribed?: boolean },
): Mailbox {
  const account = edit.account(context, accountId);
  const canonical = canonicalMailboxName(name, edit.scope.limits);
  if (edit.mailboxByName(account, canonical)) throw new MailStoreError('mailboxExists');
  const { role = null } = options;
  if (role && roleTaken(edit, account, role)) throw new MailStoreError('mailboxExists', `another mailbox is ${role}`);
  const missing = parentNames(canonical).filter((parent) => !edit.mailboxByName(account, parent));
  assertMailboxRoom(edit, account, missing.length + 1);
  for (const parent of missing) edit.addMailbox(account, parent, null);
  const row = edit.addMailbox(account, canonical, role);
  if (options.subscribed) edit.subscribe(account, canonical);
  return mailboxView(row, edit.isSubscribed(account, canonical));
}

/** What a rename is about, checked and with the target's parents made. */
export interface Rename {
  readonly account: AccountEdit;
  readonly from: MailboxRow;
  readonly target: string;
}

export function beginRename(
  edit: Edit,
  context: RequestContext,
  accountId: AccountId,
  from: string,
  to: string,
): Rename {
  const account = edit.account(context, accountId);
  const row = edit.mailboxByName(account, from);
  if (!row) throw new MailStoreError('mailboxNotFound');
  const target = canonicalMailboxName(to, edit.scope.limits);
  if (edit.mailboxByName(account, target)) throw new MailStoreError('mailboxExists');
  if (row.role !== 'inbox' && target.startsWith(`${row.name}/`))
    throw new MailStoreError('mailboxNameInvalid', 'a mailbox cannot move beneath itself');
  const missing = parentNames(target).filter((parent) => !edit.mailboxByName(account, parent));
  assertMailboxRoom(edit, account, missing.length + (row.role === 'inbox' ? 1 : 0));
  for (const parent of missing) edit.addMailbox(account, parent, null);
  return { account, from: row, target };
}

/** The mailbox and all beneath it take their new names; subscriptions follow, so that a rename hides nothing. */
export function renameTree(edit: Edit, { account, from, target }: Rename): Mailbox {
  const { index, limits } = edit.scope;
  const { number } = account.row;
  const subtree = index.all<{ id: number; name: string }>(
    `SELECT id, name FROM mailbox WHERE account = ?1 AND (name = ?2 OR (name > ?2 || '/' AND name < ?2 || '0'))
      ORDER BY name`,
    ...[number, from.name],
  );
  const ids = new Set(subtree.map(({ id }) => id));
  const renames = subtree.map(({ id, name }) => ({
    ...{ id, name, to: canonicalMailboxName(target + name.slice(from.name.length), limits) },
    subscribed: edit.unsubscribe(account, name),
  }));
  const inTheWay = renames.map(({ to }) => edit.mailboxByName(account, to));
  if (inTheWay.some((other) => other && !ids.has(other.id))) throw new MailStoreError('mailboxExists');
  const modSeq = edit.touch(account);
  account.mailboxList = true;
  account.reshaped = true;
  for (const { id, to, subscribed } of renames) {
    const row = edit.mailboxById(account, id);
    row.name = to;
    account.changedMailboxes.add(id);
    const sql = 'UPDATE mailbox SET name = ?, updated_mod_seq = ? WHERE account = ? AND id = ?';
    index.run(sql, to, modSeq, number, id);
    if (subscribed) edit.subscribe(account, to);
  }
  return mailboxView(from, edit.isSubscribed(account, target));
}

/** Gone for everyone at once; its rows are removed in slices by `Purge`. */
export function deleteMailbox(edit: Edit, context: RequestContext, accountId: AccountId, name: string): void {
  const account = edit.account(context, accountId);
  const row = edit.mailboxByName(account, name);
  if (!row) throw new MailStoreError('mailboxNotFound');
  if (row.role) throw new MailStoreError('mailboxProtected');
  const { index, now } = edit.scope;
  const { number } = account.row;
  const modSeq = edit.touchMailbox(account, row);
  account.mailboxList = true;
  account.reshaped = true;
  account.row.messages -= row.messages;
  account.row.usedBytes -= row.sizeBytes;
  edit.messagesDelta -= row.messages;
  index.run('DELETE FROM mailbox WHERE account = ? AND id = ?', number, row.id);
  index.run('DELETE FROM annotation WHERE account = ? AND mailbox = ?', number, row.id);
  index.run('DELETE FROM share WHERE account = ? AND mailbox = ?', number, row.id);
  const sql = 'INSERT INTO mailbox_gone (account, id, name, mod_seq, at) VALUES (?, ?, ?, ?, ?)';
  index.run(sql, number, row.id, row.name, modSeq, now);
  index.run('INSERT INTO purge (account, mailbox, mod_seq) VALUES (?, ?, ?)', number, row.id, modSeq);
}

export function setSubscribed(
  edit: Edit,
  context: RequestContext,
  accountId: AccountId,
  name: string,
  subscribed: boolean,
): void {
  const { limits, index } = edit.scope;
  const account = edit.account(context, accountId);
  const canonical = subscribed ? canonicalMailboxName(name, limits) : lookupName(name, limits);
  if (canonical === undefined || edit.isSubscribed(account, canonical) === subscribed) return;
  if (subscribed) {
    const sql = 'SELECT count(*) AS n FROM subscription WHERE account = ?';
    const { n } = present(index.get<{ n: number }>(sql, account.row.number), 'count');
    if (n >= limits.subscriptionsMax) throw new MailStoreError('limitExceeded', 'subscriptions');
    edit.subscribe(account, canonical);
  } else edit.unsubscribe(account, canonical);
  edit.touch(account);
  account.mailboxList = true;
}

/** For delivery: a name that cannot be had must not cost the message, it falls to INBOX, like Sieve's implicit keep (RFC 5228 §2.10.6). */
export function mailboxForDelivery(edit: Edit, account: AccountEdit, name: string): MailboxRow {
  const known = edit.mailboxByName(account, name);
  if (known) return known;
  const canonical = lookupName(name, edit.scope.limits);
  const missing = canonical
    ? [...parentNames(canonical), canonical].filter((each) => !edit.mailboxByName(account, each))
    : [];
  const room = edit.scope.limits.mailboxesMax - edit.countMailboxes(account);
  if (missing.length === 0 || missing.length > room) return present(edit.mailboxByName(account, 'INBOX'), 'INBOX');
  for (const each of missing) {
    edit.addMailbox(account, each, null);
    edit.subscribe(account, each);
  }
  return present(edit.mailboxByName(account, name), 'mailbox just made');
}

function roleTaken(edit: Edit, account: AccountEdit, role: MailboxRole): boolean {
  const sql = 'SELECT 1 AS found FROM mailbox WHERE account = ? AND role = ?';
  return edit.scope.index.get(sql, account.row.number, role) !== undefined;
}

function assertMailboxRoom(edit: Edit, account: AccountEdit, more: number): void {
  if (edit.countMailboxes(account) + more > edit.scope.limits.mailboxesMax)
    throw new MailStoreError('limitExceeded', 'mailboxes');
}
