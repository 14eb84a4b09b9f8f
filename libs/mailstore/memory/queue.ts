import type { QueueEntry, QueueUpdate } from '#mailstore/api';
import type { MemoryState } from './state.ts';

export function dueEntries(state: MemoryState, now: number, limit: number): readonly QueueEntry[] {
  state.assertOpen();
  return [...state.queue.values()]
    .filter((entry) => entry.status === 'queued' && entry.nextAttemptAt <= now)
    .sort((a, b) => a.nextAttemptAt - b.nextAttemptAt || a.id - b.id)
    .slice(0, limit);
}

export function listEntries(
  state: MemoryState,
  filter: { readonly partnerId?: string; readonly after?: number; readonly limit: number },
): readonly QueueEntry[] {
  state.assertOpen();
  return [...state.queue.values()]
    .filter((entry) => filter.partnerId === undefined || entry.partnerId === filter.partnerId)
    .filter((entry) => entry.id > (filter.after ?? 0))
    .slice(0, filter.limit);
}

/** Outcomes of entries that are gone are ignored: an operator may have removed one while it was being tried. */
export function updateQueue(state: MemoryState, updates: readonly QueueUpdate[]): void {
  for (const update of updates) {
    const entry = state.queue.get(update.id);
    if (!entry) continue;
    if (update.done) {
      state.queue.delete(entry.id);
      state.release(entry.blobId);
      continue;
    }
    const { nextAttemptAt, lastError, status = entry.status } = update;
    state.queue.set(entry.id, { ...entry, nextAttemptAt, lastError, status, attempts: entry.attempts + 1 });
  }
}
