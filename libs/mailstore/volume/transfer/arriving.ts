import {
  type AccountCursor,
  type AccountId,
  canonicalKeywords,
  canonicalMailboxName,
  MailStoreError,
  type TransferAccount,
  type TransferDeleted,
  type TransferGoneMailbox,
  type TransferMailbox,
  type TransferMessage,
  type TransferPlaced,
  type TransferVanished,
} from '#mailstore/api';
import { unpackEnvelope } from '#protocol/message';
import type { RequestContext } from '#stdx';
import { forgetMessage } from '../deleted/letting-go.ts';
import type { AccountEdit, Edit } from '../edit.ts';
import { MAILBOX_COLUMNS, type MailboxRow, messageKey, storedKeywords } from '../rows.ts';
import { placeOf, type StagedContent } from '../staging.ts';
import { claimThread } from '../threads.ts';

/** Operations on an account that is arriving: each may be done again, and none gives it a modSeq of its own. */

/** Finds or makes the copy. Throws `modified` unless the stream begins where the copy ends. */
export function beginArrival(edit: Edit, context: RequestContext, head: TransferAccount): void {
  const { accountId, partnerId, since } = head;
  if (context.partnerId !== undefined && context.partnerId !== partnerId) throw new MailStoreError('accountNotFound');
  const known = edit.anyAccount(context, accountId);
  if (!known && edit.ownerOf(accountId) !== undefined) throw new MailStoreError('accountNotFound');
  if (known && known.row.standing !== 'arriving') throw new MailStoreError('modified', 'the account is here already');
  const { row } = known ?? edit.insertAccount(head, 'arriving');
  if (row.modSeq !== since.modSeq || row.nextMessage !== since.nextMessage)
    throw new MailStoreError('modified', `the copy is at modSeq ${row.modSeq}, the stream begins at ${since.modSeq}`);
}

export function arrivingAccount(edit: Edit, context: RequestContext, accountId: AccountId): AccountEdit {
  const account = edit.anyAccount(context, accountId);
  if (account?.row.standing !== 'arriving') throw new MailStoreError('accountNotFound');
  return account;
}

/** Frees names for what the stream says: mailboxes that have another name now, or are gone, step aside. */
export function clearNames(edit: Edit, account: AccountEdit, names: ReadonlyMap<number, string>): void {
  const { index } = edit.scope;
  const { number } = account.row;
  account.reshaped = true;
  for (const { id, name } of index.all<MailboxRow>('SELECT id, name FROM mailbox WHERE account = ?', number)) {
    if (names.get(id) === name) continue;
    // No mailbox can be called so (`canonicalMailboxName`).
    index.run('UPDATE mailbox SET name = ? WHERE account = ? AND id = ?', `#${id}`, number, id);
  }
}

export function placeMailbox(edit: Edit, account: AccountEdit, mailbox: TransferMailbox): void {
  const { id, name, role, uidValidity, uidNext, modSeq, recentUid, createdModSeq, updatedModSeq } = mailbox;
  const { number } = account.row;
  edit.scope.index.run(
    `INSERT INTO mailbox (account, id, name, role, uid_validity, uid_next, mod_seq, recent_uid, messages, unseen,
        deleted, size_bytes, created_mod_seq, updated_mod_seq, forgotten_mod_seq)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, 0, 0, 0, ?9, ?10, ?11)
      ON CONFLICT (account, id) DO UPDATE SET name = ?3, role = ?4, uid_validity = ?5, uid_next = ?6, mod_seq = ?7,
        recent_uid = ?8, updated_mod_seq = ?10, forgotten_mod_seq = ?11`,
    ...[number, id, canonicalMailboxName(name, edit.scope.limits), role, uidValidity, uidNext, modSeq, recentUid],
    ...[createdModSeq, updatedModSeq, mailbox.forgottenModSeq],
  );
  account.reshaped = true;
}

export function buryMailbox(edit: Edit, { row }: AccountEdit, { id, name, modSeq, at }: TransferGoneMailbox): void {
  const sql = 'INSERT OR REPLACE INTO mailbox_gone (account, id, name, mod_seq, at) VALUES (?, ?, ?, ?, ?)';
  edit.scope.index.run(sql, row.number, id, name, modSeq, at);
}

export function replaceSubscriptions(edit: Edit, account: AccountEdit, names: readonly string[]): void {
  edit.scope.index.run('DELETE FROM subscription WHERE account = ?', account.row.number);
  for (const name of names) edit.subscribe(account, canonicalMailboxName(name, edit.scope.limits));
}

/** The message itself, in no mailbox yet. */
export function receiveMessage(
  edit: Edit,
  account: AccountEdit,
  { id, thread, at }: TransferMessage,
  content: StagedContent,
): void {
  const { index } = edit.scope;
  const { number } = account.row;
  const { parsed } = content.message;
  const key = messageKey(number, id);
  if (index.get('SELECT 1 AS found FROM message WHERE key = ?', key)) return;
  edit.blobs.hold(content.hash, placeOf(content), at ?? edit.scope.now);
  claimThread(edit, account, parsed.envelope, thread);
  index.run(
    'INSERT INTO message (key, blob, thread, preview, envelope, body) VALUES (?, ?, ?, ?, ?, ?)',
    ...[key, content.hash, thread, parsed.preview, content.envelope, content.body],
  );
  index.run('INSERT INTO arrival (account, message) VALUES (?, ?)', number, id);
}

interface CountedRow {
  readonly keywords: string;
  readonly size: number;
}

/** Puts messages where the stream says they are, or marks them as it says. */
export function placeMessages(
  edit: Edit,
  account: AccountEdit,
  mailboxId: number,
  rows: readonly TransferPlaced[],
): void {
  const { index, limits } = edit.scope;
  const { number } = account.row;
  const mailbox = listedMailbox(edit, account, mailboxId);
  for (const row of rows) {
    const message = index.get<{ size: number; envelope: string }>(
      'SELECT size, envelope FROM message JOIN blob ON blob.hash = message.blob WHERE key = ?',
      messageKey(number, row.message),
    );
    if (!message) throw new MailStoreError('corrupt', `the stream of an account: message ${row.message} is missing`);
    takeOut(edit, account, mailbox, row.uid);
    const placed = { keywords: storedKeywords(canonicalKeywords(row.keywords, limits)), size: message.size };
    index.run(
      `INSERT INTO membership (account, mailbox, uid, message, mod_seq, created_mod_seq, keywords, size,
        internal_date, saved_date, sent_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[number, mailboxId, row.uid, row.message, row.modSeq, row.createdModSeq, placed.keywords, placed.size],
      ...[row.internalDate, row.savedDate, unpackEnvelope(message.envelope).sentAt],
    );
    edit.count(account, mailbox, placed, 1);
    index.run('DELETE FROM arrival WHERE account = ? AND message = ?', number, row.message);
    // It had been deleted, and was restored.
    index.run('DELETE FROM deleted WHERE account = ? AND message = ?', number, row.message);
    mailbox.uidNext = Math.max(mailbox.uidNext, row.uid + 1);
    mailbox.modSeq = Math.max(mailbox.modSeq, row.modSeq);
  }
}

/** `isPlaced` tells of a message this stream has placed elsewhere. */
export function buryMessages(
  edit: Edit,
  account: AccountEdit,
  mailboxId: number,
  rows: readonly TransferVanished[],
  isPlaced: (message: number) => boolean,
): void {
  const { index } = edit.scope;
  const { number } = account.row;
  const mailbox = mailboxRow(edit, account, mailboxId);
  for (const { uid, message, modSeq, at, gone } of rows) {
    index.run(
      'INSERT OR REPLACE INTO vanished (account, mailbox, mod_seq, uid, message, at) VALUES (?, ?, ?, ?, ?, ?)',
      ...[number, mailboxId, modSeq, uid, message, at],
    );
    const wasHere = mailbox !== undefined && takeOut(edit, account, mailbox, uid);
    if (gone) {
      forgetMessage(edit, number, message);
      index.run('DELETE FROM arrival WHERE account = ? AND message = ?', number, message);
    } else if (wasHere && !isPlaced(message))
      index.run('INSERT OR IGNORE INTO arrival (account, message) VALUES (?, ?)', number, message);
  }
}

/** Deleted messages that can still be restored. */
export function keepDeleted(edit: Edit, account: AccountEdit, rows: readonly TransferDeleted[]): void {
  const { index, limits } = edit.scope;
  const { number } = account.row;
  for (const { message, mailbox, name, uid, keywords, internalDate, modSeq, at } of rows) {
    index.run(
      `INSERT OR REPLACE INTO deleted (account, message, mailbox, name, uid, keywords, size, internal_date, mod_seq, at)
        SELECT ?1, ?2, ?3, ?4, ?5, ?6, blob.size, ?7, ?8, ?9
          FROM message JOIN blob ON blob.hash = message.blob WHERE message.key = ?10`,
      ...[number, message, mailbox, name, uid, storedKeywords(canonicalKeywords(keywords, limits)), internalDate],
      ...[modSeq, at, messageKey(number, message)],
    );
    index.run('DELETE FROM arrival WHERE account = ? AND message = ?', number, message);
  }
}

/** A mailbox the stream no longer names goes, with what is left in it. */
export function removeUnlisted(edit: Edit, account: AccountEdit, listed: ReadonlySet<number>, modSeq: number): void {
  const { index } = edit.scope;
  const { number } = account.row;
  const sql = `SELECT ${MAILBOX_COLUMNS} FROM mailbox WHERE account = ?`;
  for (const row of index.all<MailboxRow>(sql, number)) {
    if (listed.has(row.id)) continue;
    account.row.messages -= row.messages;
    account.row.usedBytes -= row.sizeBytes;
    account.touched = true;
    edit.messagesDelta -= row.messages;
    index.run('DELETE FROM mailbox WHERE account = ? AND id = ?', number, row.id);
    index.run('INSERT INTO purge (account, mailbox, mod_seq) VALUES (?, ?, ?)', number, row.id, modSeq);
  }
  account.reshaped = true;
}

/** All of the stream is in: the copy is where the account was when the stream began. */
export function endArrival(account: AccountEdit, head: TransferAccount): AccountCursor {
  const { email, partnerId, quotaBytes, nextMailbox, lastUidValidity, until } = head;
  Object.assign(account.row, { email, partnerId, quotaBytes, nextMailbox, lastUidValidity, ...until });
  // Saves the row as it is: the modSeq is the source's, no change of ours.
  account.touched = true;
  account.respecified = true;
  return until;
}

function takeOut(edit: Edit, account: AccountEdit, mailbox: MailboxRow, uid: number): boolean {
  const { index } = edit.scope;
  const row = index.take<CountedRow>(
    'DELETE FROM membership WHERE account = ? AND mailbox = ? AND uid = ? RETURNING keywords, size',
    ...[account.row.number, mailbox.id, uid],
  );
  if (row) edit.count(account, mailbox, row, -1);
  return row !== undefined;
}

function listedMailbox(edit: Edit, account: AccountEdit, id: number): MailboxRow {
  const row = mailboxRow(edit, account, id);
  if (!row) throw new MailStoreError('corrupt', `the stream of an account: mailbox ${id} was not named`);
  return row;
}

/** The row, to be saved with the operation. */
function mailboxRow(edit: Edit, account: AccountEdit, id: number): MailboxRow | undefined {
  const sql = `SELECT ${MAILBOX_COLUMNS} FROM mailbox WHERE account = ? AND id = ?`;
  const row = edit.scope.index.get<MailboxRow>(sql, account.row.number, id);
  if (!row) return undefined;
  account.mailboxes.set(id, row);
  account.changedMailboxes.add(id);
  account.touched = true;
  account.reshaped = true;
  return row;
}
