import type { NewQueueEntry, QueueEntry, QueueUpdate } from '#mailstore/api';
import { blobIdOf } from './blobs.ts';
import type { Edit } from './edit.ts';
import type { IndexDb } from './index-db.ts';
import { placeOf, type StagedContent } from './staging.ts';
import { recordUsage } from './usage.ts';

interface QueueRow extends Omit<QueueEntry, 'blobId' | 'parameters'> {
  readonly blob: Uint8Array;
  readonly parameters: string;
}

const COLUMNS = `id, blob, size, reverse_path AS reversePath, forward_path AS forwardPath, partner_id AS partnerId,
  parameters, created_at AS createdAt, next_attempt_at AS nextAttemptAt, attempts, last_error AS lastError, status`;

export function enqueue(
  edit: Edit,
  { content, receivedAt }: { readonly content: StagedContent; readonly receivedAt: number },
  { reversePath, forwardPath, partnerId, parameters = {}, notBefore, metered = true }: NewQueueEntry,
): void {
  const { index, counters, now } = edit.scope;
  edit.blobs.hold(content.hash, placeOf(content), edit.scope.now);
  const dueAt = notBefore ?? now;
  index.run(
    `INSERT INTO queue (id, blob, size, reverse_path, forward_path, partner_id, parameters, created_at,
      next_attempt_at, attempts, last_error, status) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, NULL, 'queued')`,
    ...[counters.next('queue'), content.hash, content.size, reversePath, forwardPath, partnerId],
    ...[JSON.stringify(parameters), now, dueAt],
  );
  edit.queueDelta += 1;
  if (metered) recordUsage(edit, { partnerId, accountId: null, meter: 'messages-out', quantity: 1, at: receivedAt });
  edit.queueDueAt = Math.min(edit.queueDueAt ?? Infinity, dueAt);
}

/** Outcomes of entries that are gone are ignored: an operator may have removed one while it was being tried. */
export function updateQueue(edit: Edit, updates: readonly QueueUpdate[]): void {
  const { index } = edit.scope;
  for (const update of updates) {
    if (update.done) {
      const sql = 'DELETE FROM queue WHERE id = ? RETURNING blob';
      const gone = index.take<{ blob: Uint8Array }>(sql, update.id);
      if (!gone) continue;
      edit.blobs.release(gone.blob);
      edit.queueDelta -= 1;
      continue;
    }
    const { id, nextAttemptAt, lastError, status = null } = update;
    index.run(
      `UPDATE queue SET attempts = attempts + 1, next_attempt_at = ?, last_error = ?, status = coalesce(?, status)
        WHERE id = ?`,
      ...[nextAttemptAt, lastError, status, id],
    );
  }
}

export function dueEntries(index: IndexDb, now: number, limit: number): readonly QueueEntry[] {
  const sql = `SELECT ${COLUMNS} FROM queue WHERE status = 'queued' AND next_attempt_at <= ?
    ORDER BY next_attempt_at, id LIMIT ?`;
  return index.all<QueueRow>(sql, now, limit).map(entryOf);
}

export function listEntries(
  index: IndexDb,
  { partnerId, after = 0, limit }: { readonly partnerId?: string; readonly after?: number; readonly limit: number },
): readonly QueueEntry[] {
  const partner = partnerId === undefined ? '' : 'AND partner_id = ?';
  const sql = `SELECT ${COLUMNS} FROM queue WHERE id > ? ${partner} ORDER BY id LIMIT ?`;
  const parameters = partnerId === undefined ? [after, limit] : [after, partnerId, limit];
  return index.all<QueueRow>(sql, ...parameters).map(entryOf);
}

function entryOf({ blob, parameters, ...row }: QueueRow): QueueEntry {
  return { ...row, blobId: blobIdOf(blob), parameters: JSON.parse(parameters) };
}
