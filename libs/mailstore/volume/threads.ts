import { threadKeys } from '#mailstore/api';
import type { Envelope } from '#protocol/message';
import type { AccountEdit, Edit } from './edit.ts';

/**
 * The thread of a new message: the oldest one that a message sharing an id with it belongs to, else one of its own. Ids are
 * kept as 53-bit hashes; two that collide inside one account would join two threads, at a million messages one chance in ten thousand.
 */
export function threadOf(edit: Edit, account: AccountEdit, envelope: Envelope, messageId: number): number {
  const { index, limits } = edit.scope;
  const { number } = account.row;
  let thread = messageId;
  const missing: number[] = [];
  for (const key of threadKeys(envelope, limits)) {
    const hash = hash53(key);
    const sql = 'SELECT thread FROM thread_key WHERE account = ? AND key = ?';
    const known = index.get<{ thread: number }>(sql, number, hash);
    if (known) thread = Math.min(thread, known.thread);
    else missing.push(hash);
  }
  for (const hash of missing) {
    const sql = 'INSERT OR IGNORE INTO thread_key (account, key, thread) VALUES (?, ?, ?)';
    index.run(sql, number, hash, thread);
  }
  return thread;
}

/** A message that brings its thread along: later ones find it by the ids nobody has claimed yet. */
export function claimThread(edit: Edit, account: AccountEdit, envelope: Envelope, thread: number): void {
  const { index, limits } = edit.scope;
  const sql = 'INSERT OR IGNORE INTO thread_key (account, key, thread) VALUES (?, ?, ?)';
  for (const key of threadKeys(envelope, limits)) index.run(sql, account.row.number, hash53(key), thread);
}

export const threadId = (thread: number): string => `T${thread}`;

/** cyrb53, a fast hash of strings to 53 bits (public domain, bryc/code). Not for secrets. */
function hash53(text: string): number {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    high = Math.imul(high ^ code, 2654435761);
    low = Math.imul(low ^ code, 1597334677);
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  return 4294967296 * (2097151 & low) + (high >>> 0);
}
