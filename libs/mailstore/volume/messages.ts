import {
  type ChangedMessage,
  changedKeywords,
  type KeywordChange,
  MailStoreError,
  type Uid,
  type UidRange,
} from '#mailstore/api';
import { forgetMessage, letGo } from './deleted/letting-go.ts';
import type { AccountEdit, Edit } from './edit.ts';
import {
  isDeleted,
  isSeen,
  keywordsOf,
  type MailboxRow,
  MEMBERSHIP_COLUMNS,
  type MembershipRow,
  messageKey,
  storedKeywords,
} from './rows.ts';
import { placeOf, type StagedContent } from './staging.ts';
import { threadOf } from './threads.ts';

/** RFC 9051 §2.3.1.1: uids are 32-bit. */
const UID_MAX = 0xffff_ffff;

export interface NewMessage {
  readonly content: StagedContent;
  readonly keywords: readonly string[];
  readonly internalDate: number;
}

/** Why `messages` more with that many bytes cannot enter, if so; `replaced` goes as they come. */
export function roomFor(
  { scope }: Edit,
  { row }: AccountEdit,
  mailbox: MailboxRow | undefined,
  messages: number,
  bytes: number,
  replaced?: MembershipRow,
): 'overQuota' | 'limitExceeded' | undefined {
  if (row.quotaBytes > 0 && row.usedBytes + bytes - (replaced?.size ?? 0) > row.quotaBytes) return 'overQuota';
  if (row.messages + messages - (replaced ? 1 : 0) > scope.limits.messagesMax) return 'overQuota';
  return (mailbox?.uidNext ?? 1) + messages - 1 > UID_MAX ? 'limitExceeded' : undefined;
}

export function addMessage(
  edit: Edit,
  account: AccountEdit,
  mailbox: MailboxRow,
  { content, keywords, internalDate }: NewMessage,
): { readonly uid: Uid; readonly messageId: number } {
  const { index, now } = edit.scope;
  const { parsed } = content.message;
  const messageId = account.row.nextMessage++;
  edit.blobs.hold(content.hash, placeOf(content), Math.min(internalDate, now));
  index.run(
    'INSERT INTO message (key, blob, thread, preview, envelope, body) VALUES (?, ?, ?, ?, ?, ?)',
    ...[messageKey(account.row.number, messageId), content.hash],
    ...[threadOf(edit, account, parsed.envelope, messageId), parsed.preview, content.envelope, content.body],
  );
  const uid = place(edit, account, mailbox, {
    ...{ message: messageId, keywords: storedKeywords(keywords), size: content.size },
    ...{ internalDate, savedDate: now, sentAt: parsed.envelope.sentAt },
  });
  return { uid, messageId };
}

type Placed = Omit<MembershipRow, 'uid' | 'modSeq' | 'createdModSeq'>;

/** Gives a message the mailbox's next uid. */
export function place(edit: Edit, account: AccountEdit, mailbox: MailboxRow, message: Placed): Uid {
  const modSeq = edit.touchMailbox(account, mailbox);
  const uid = mailbox.uidNext++;
  mailbox.modSeq = modSeq;
  edit.scope.index.run(
    `INSERT INTO membership (account, mailbox, uid, message, mod_seq, created_mod_seq, keywords, size, internal_date,
      saved_date, sent_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ...[account.row.number, mailbox.id, uid, message.message, modSeq, modSeq, message.keywords, message.size],
    ...[message.internalDate, message.savedDate, message.sentAt],
  );
  edit.count(account, mailbox, message, 1);
  return uid;
}

/** Takes a message out of a mailbox and leaves a tombstone. The message itself is the caller's matter. */
function takeOut(edit: Edit, account: AccountEdit, mailbox: MailboxRow, row: MembershipRow): void {
  const { index, now } = edit.scope;
  const modSeq = edit.touchMailbox(account, mailbox);
  mailbox.modSeq = modSeq;
  const { number } = account.row;
  const sql = 'DELETE FROM membership WHERE account = ? AND mailbox = ? AND uid = ?';
  index.run(sql, number, mailbox.id, row.uid);
  index.run(
    'INSERT INTO vanished (account, mailbox, mod_seq, uid, message, at) VALUES (?, ?, ?, ?, ?, ?)',
    ...[number, mailbox.id, modSeq, row.uid, row.message, now],
  );
  edit.count(account, mailbox, row, -1);
}

export function selectRows(
  edit: Edit,
  mailbox: MailboxRow,
  ranges: readonly UidRange[],
  condition: '' | "AND instr(keywords, ' $deleted ') > 0" = '',
  limit = -1,
): readonly MembershipRow[] {
  const sql = `SELECT ${MEMBERSHIP_COLUMNS} FROM membership
    WHERE account = ? AND mailbox = ? AND uid BETWEEN ? AND ? ${condition} ORDER BY uid LIMIT ?`;
  return ranges.flatMap(({ first, last }) =>
    edit.scope.index.all<MembershipRow>(sql, mailbox.account, mailbox.id, first, last, limit),
  );
}

/** Moved rows keep their message; returns their uids in `to`. */
export function moveRows(
  edit: Edit,
  account: AccountEdit,
  from: MailboxRow,
  to: MailboxRow,
  rows: readonly MembershipRow[],
): readonly Uid[] {
  const refusal = roomFor(edit, account, to, rows.length, 0);
  if (refusal === 'limitExceeded') throw new MailStoreError(refusal, 'uids');
  const { now } = edit.scope;
  return rows.map((row) => {
    takeOut(edit, account, from, row);
    return place(edit, account, to, { ...row, savedDate: now });
  });
}

/** Copies are new messages that share the bytes and all that was computed of them. */
export function copyRows(
  edit: Edit,
  account: AccountEdit,
  to: MailboxRow,
  rows: readonly MembershipRow[],
): readonly Uid[] {
  const refusal = roomFor(
    edit,
    account,
    to,
    rows.length,
    rows.reduce((sum, { size }) => sum + size, 0),
  );
  if (refusal) throw new MailStoreError(refusal);
  const { index, now } = edit.scope;
  const { number } = account.row;
  return rows.map((row) => {
    const message = account.row.nextMessage++;
    const source = messageKey(number, row.message);
    index.run(
      `INSERT INTO message (key, blob, thread, preview, envelope, body)
        SELECT ?, blob, thread, preview, envelope, body FROM message WHERE key = ?`,
      ...[messageKey(number, message), source],
    );
    const sql = 'UPDATE blob SET holders = holders + 1 WHERE hash = (SELECT blob FROM message WHERE key = ?)';
    index.run(sql, source);
    return place(edit, account, to, { ...row, message, savedDate: now });
  });
}

/** `kept`: they can be restored for a while. */
export function removeRows(
  edit: Edit,
  account: AccountEdit,
  mailbox: MailboxRow,
  rows: readonly MembershipRow[],
  kept: boolean,
): void {
  const { id, name } = mailbox;
  for (const row of rows) {
    takeOut(edit, account, mailbox, row);
    if (kept) letGo(edit, account.row.number, { id, name, modSeq: account.row.modSeq }, row);
    else forgetMessage(edit, account.row.number, row.message);
  }
}

export interface KeywordOutcome {
  readonly changed: readonly ChangedMessage[];
  readonly modified: readonly Uid[];
}

/** `keywords` canonical. */
export function changeKeywords(
  edit: Edit,
  account: AccountEdit,
  mailbox: MailboxRow,
  rows: readonly MembershipRow[],
  { keywords, unchangedSince = Infinity, ...change }: KeywordChange,
): KeywordOutcome {
  const changed: ChangedMessage[] = [];
  const modified: Uid[] = [];
  /** Uids by the keywords they are to have. */
  const rewritten = new Map<string, Uid[]>();
  for (const row of rows) {
    if (row.modSeq > unchangedSince) {
      modified.push(row.uid);
      continue;
    }
    const after = changedKeywords(keywordsOf(row.keywords), keywords, change, edit.scope.limits);
    const stored = storedKeywords(after);
    let { modSeq } = row;
    if (stored !== row.keywords) {
      modSeq = noteRewritten(edit, account, mailbox, row, stored);
      const uids = rewritten.get(stored);
      if (uids) uids.push(row.uid);
      else rewritten.set(stored, [row.uid]);
    }
    changed.push({ uid: row.uid, messageId: row.message, modSeq, keywords: after, previousModSeq: row.modSeq });
  }
  const sql = `UPDATE membership SET keywords = ?, mod_seq = ?
    WHERE account = ? AND mailbox = ? AND uid IN (SELECT value FROM json_each(?))`;
  for (const [stored, uids] of rewritten)
    edit.scope.index.run(sql, stored, mailbox.modSeq, account.row.number, mailbox.id, JSON.stringify(uids));
  return { changed, modified };
}

/** The books of the mailbox; returns the modSeq of the change. */
function noteRewritten(
  edit: Edit,
  account: AccountEdit,
  mailbox: MailboxRow,
  row: MembershipRow,
  keywords: string,
): number {
  const modSeq = edit.touchMailbox(account, mailbox);
  mailbox.modSeq = modSeq;
  mailbox.unseen += Number(isSeen(row.keywords)) - Number(isSeen(keywords));
  mailbox.deleted += Number(isDeleted(keywords)) - Number(isDeleted(row.keywords));
  return modSeq;
}
