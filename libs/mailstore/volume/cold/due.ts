import type { TierRule } from '#mailstore/api';
import { crc32c } from '#stdx';
import type { IndexDb } from '../index-db.ts';

/** When a message of that size and date is to go to cold storage by the rules: milliseconds since the epoch, or Infinity. */
export function dueAt(rules: readonly TierRule[], receivedAt: number, size: number): number {
  const afters = rules.filter(({ minBytes }) => size >= minBytes).map(({ afterMs }) => afterMs);
  return receivedAt + Math.min(...afters, Infinity);
}

/** Dates from before they were noted count from the day they began to be. */
export function datedFrom(index: IndexDb): number {
  return index.get<{ value: number }>("SELECT value FROM counter WHERE name = 'dated_from'")?.value ?? 0;
}

/** A number for a set of rules, to notice that they have changed. Never 0. */
export const rulesDigest = (rules: readonly TierRule[]): number =>
  crc32c(Buffer.from(JSON.stringify(rules.map(({ afterMs, minBytes }) => [afterMs, minBytes])))) + 1;
