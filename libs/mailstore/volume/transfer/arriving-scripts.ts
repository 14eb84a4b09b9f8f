import type { TransferMemory, TransferScript } from '#mailstore/api';
import type { AccountEdit, Edit } from '../edit.ts';

/** Scripts and memories of an account that is arriving, as the stream has them. */

export function placeScript(edit: Edit, { row }: AccountEdit, script: TransferScript): void {
  const { id, name, isActive, modSeq, fault, content } = script;
  const { index } = edit.scope;
  // Whoever has this name or this place now has another later in the stream, or is gone.
  const cleared = 'DELETE FROM script WHERE account = ?1 AND (id = ?2 OR name = ?3 OR (active = 1 AND ?4 = 1))';
  index.run(cleared, row.number, id, name, isActive ? 1 : 0);
  index.run(
    'INSERT INTO script (account, id, name, active, mod_seq, fault_at, fault, content) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    ...[
      row.number,
      id,
      name,
      isActive ? 1 : 0,
      modSeq,
      fault?.at ?? null,
      fault?.message ?? null,
      Buffer.from(content, 'base64'),
    ],
  );
}

export function removeUnlistedScripts(edit: Edit, { row }: AccountEdit, listed: ReadonlySet<number>): void {
  const { index } = edit.scope;
  for (const { id } of index.all<{ id: number }>('SELECT id FROM script WHERE account = ?', row.number))
    if (!listed.has(id)) index.run('DELETE FROM script WHERE account = ? AND id = ?', row.number, id);
}

export function placeMemories(edit: Edit, { row }: AccountEdit, memories: readonly TransferMemory[]): void {
  const sql = 'INSERT OR REPLACE INTO memory (account, key, until, mod_seq) VALUES (?, ?, ?, ?)';
  for (const { key, until, modSeq } of memories) edit.scope.index.run(sql, row.number, key, until, modSeq);
}
