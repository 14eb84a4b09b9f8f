import { orderedRights, type TransferAnnotation, type TransferShare } from '#mailstore/api';
import type { AccountEdit, Edit } from '../edit.ts';

/** The stream has all of them. */
export function replaceAnnotations(edit: Edit, { row }: AccountEdit, annotations: readonly TransferAnnotation[]): void {
  const { index } = edit.scope;
  index.run('DELETE FROM annotation WHERE account = ?', row.number);
  const sql = 'INSERT OR REPLACE INTO annotation (account, mailbox, owner, entry, value) VALUES (?, ?, ?, ?, ?)';
  for (const { mailbox, owner, entry, value } of annotations)
    index.run(sql, row.number, mailbox, owner === '@' ? row.id : owner, entry, Buffer.from(value, 'base64'));
}

/** The stream has all of them. */
export function replaceShares(edit: Edit, { row }: AccountEdit, shares: readonly TransferShare[]): void {
  const { index } = edit.scope;
  index.run('DELETE FROM share WHERE account = ?', row.number);
  const sql = 'INSERT OR REPLACE INTO share (account, mailbox, grantee, rights) VALUES (?, ?, ?, ?)';
  for (const { mailbox, grantee, rights } of shares)
    index.run(sql, row.number, mailbox, grantee, orderedRights(rights));
}
