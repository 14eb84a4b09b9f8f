import type { Memory } from '#mailstore/api';
import { present } from '#stdx';
import type { AccountEdit, Edit } from './edit.ts';
import type { IndexDb } from './index-db.ts';

/** Whether an account remembers a key at `now`. */
export function remembers(index: IndexDb, accountId: string, key: string, now: number): boolean {
  const sql = `SELECT 1 AS found FROM memory m JOIN account a ON a.number = m.account
    WHERE a.id = ? AND m.key = ? AND m.until > ?`;
  return index.get(sql, accountId, key, now) !== undefined;
}

/** Remembers it, unless that is so already. Returns whether it is new. */
export function rememberOnce(edit: Edit, account: AccountEdit, memory: Memory): boolean {
  const { index, now } = edit.scope;
  const sql = 'SELECT 1 AS found FROM memory WHERE account = ? AND key = ? AND until > ?';
  if (index.get(sql, account.row.number, memory.key, now)) return false;
  remember(edit, account, memory);
  return true;
}

/** Remembers it, until then or later. */
export function remember(edit: Edit, account: AccountEdit, { key, until }: Memory): void {
  const { index, limits } = edit.scope;
  const { number } = account.row;
  const modSeq = edit.touch(account);
  index.run(
    `INSERT INTO memory (account, key, until, mod_seq) VALUES (?1, ?2, ?3, ?4)
      ON CONFLICT (account, key) DO UPDATE SET until = max(until, ?3), mod_seq = ?4`,
    ...[number, key, until, modSeq],
  );
  index.run('DELETE FROM memory WHERE account = ? AND until <= ?', number, edit.scope.now);
  const sql = 'SELECT count(*) AS n FROM memory WHERE account = ?';
  const over = present(index.get<{ n: number }>(sql, number), 'count').n - limits.memoriesMax;
  if (over <= 0) return;
  index.run(
    `DELETE FROM memory WHERE (account, key) IN
      (SELECT account, key FROM memory WHERE account = ?1 AND key <> ?2 ORDER BY until LIMIT ?3)`,
    ...[number, key, over],
  );
}
