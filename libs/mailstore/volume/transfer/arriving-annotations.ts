import type { TransferAnnotation } from '#mailstore/api';
import type { AccountEdit, Edit } from '../edit.ts';

/** The stream has all of them. */
export function replaceAnnotations(edit: Edit, { row }: AccountEdit, annotations: readonly TransferAnnotation[]): void {
  const { index } = edit.scope;
  index.run('DELETE FROM annotation WHERE account = ?', row.number);
  const sql = 'INSERT OR REPLACE INTO annotation (account, mailbox, owner, entry, value) VALUES (?, ?, ?, ?, ?)';
  for (const { mailbox, owner, entry, value } of annotations)
    index.run(sql, row.number, mailbox, owner === '@' ? row.id : owner, entry, Buffer.from(value, 'base64'));
}
