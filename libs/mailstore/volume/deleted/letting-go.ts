import type { Edit } from '../edit.ts';
import { type MembershipRow, messageKey } from '../rows.ts';
import { forgetTexts } from '../text/text-index.ts';

/** Where a message was. */
export interface Home {
  readonly id: number;
  readonly name: string;
  /** Of its deletion. */
  readonly modSeq: number;
}

/** A message left its mailbox for good: it is kept for a while, unless the store keeps none. */
export function letGo(
  edit: Edit,
  account: number,
  { id, name, modSeq }: Home,
  {
    message,
    uid,
    keywords,
    size,
    internalDate,
  }: Omit<MembershipRow, 'modSeq' | 'createdModSeq' | 'savedDate' | 'sentAt'>,
): void {
  const { index, limits, now } = edit.scope;
  if (limits.deletedKeepMs <= 0) {
    forgetMessage(edit, account, message);
    return;
  }
  index.run(
    `INSERT INTO deleted (account, message, mailbox, name, uid, keywords, size, internal_date, mod_seq, at)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ...[account, message, id, name, uid, keywords, size, internalDate, modSeq, now],
  );
}

/** Removes a message no mailbox holds any more, and lets go of its bytes. */
export function forgetMessage(edit: Edit, account: number, message: number): void {
  const { index } = edit.scope;
  const sql = 'DELETE FROM message WHERE key = ? RETURNING blob';
  const key = messageKey(account, message);
  const gone = index.take<{ blob: Uint8Array }>(sql, key);
  if (!gone) return;
  forgetTexts(edit, account, message);
  edit.blobs.release(gone.blob);
}

/** Forgets deleted messages for good. */
export function forgetDeleted(
  edit: Edit,
  rows: readonly { readonly account: number; readonly message: number }[],
): void {
  for (const { account, message } of rows) {
    edit.scope.index.run('DELETE FROM deleted WHERE account = ? AND message = ?', account, message);
    forgetMessage(edit, account, message);
  }
}
