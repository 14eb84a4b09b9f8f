import type { StoredBytes, StoreUsageEvent } from '#mailstore/api';
import type { Edit } from './edit.ts';
import type { IndexDb } from './index-db.ts';

interface UsageRow extends Omit<StoreUsageEvent, 'id'> {
  readonly number: number;
  readonly epoch: number;
}

/** Writes a fact to be billed in the same commit as what it counts. */
export function recordUsage(edit: Edit, event: Omit<StoreUsageEvent, 'id'>): void {
  const { index, counters, epoch } = edit.scope;
  const { partnerId, accountId, meter, quantity, at } = event;
  index.run(
    'INSERT INTO usage (number, epoch, partner_id, account_id, meter, quantity, at) VALUES (?, ?, ?, ?, ?, ?, ?)',
    ...[counters.next('usage'), epoch, partnerId, accountId, meter, quantity, at],
  );
}

export function pendingUsage(index: IndexDb, volumeId: string, limit: number): readonly StoreUsageEvent[] {
  const sql = `SELECT number, epoch, partner_id AS partnerId, account_id AS accountId, meter, quantity, at
    FROM usage ORDER BY number LIMIT ?`;
  return index
    .all<UsageRow>(sql, limit)
    .map(({ number, epoch, ...event }) => ({ id: `${volumeId}~${epoch}~${number}`, ...event }));
}

/** Forgets events that are safely elsewhere. Ids of another volume, and unknown ones, are ignored. */
export function confirmUsage(edit: Edit, volumeId: string, ids: readonly string[]): void {
  for (const id of ids) {
    const match = /^(.*)~(\d+)~(\d+)$/.exec(id);
    if (match?.[1] !== volumeId) continue;
    const sql = 'DELETE FROM usage WHERE number = ? AND epoch = ?';
    edit.scope.index.run(sql, Number(match[3]), Number(match[2]));
  }
}

export function bytesByPartner(index: IndexDb): readonly StoredBytes[] {
  // What was cold when it was counted may have been deleted since.
  const sql = `SELECT partner_id, sum(used_bytes), sum(min(cold_bytes, used_bytes)) FROM account WHERE standing <> 'arriving'
    GROUP BY partner_id ORDER BY partner_id`;
  return index
    .tuples<[string, number, number]>(sql)
    .map(([partnerId, bytes, coldBytes]) => ({ partnerId, bytes, coldBytes }));
}
