import type { QueueEntry } from '#mailstore/api';
import type { Random } from '#stdx';
import type { QueueSettings } from './settings.ts';

/** When an entry that failed just now is to be tried again; `null` when its time is up. Milliseconds since the epoch. */
export function nextAttempt(
  entry: QueueEntry,
  now: number,
  settings: QueueSettings,
  random: Random,
  options: { readonly cluster?: boolean; readonly notBefore?: number } = {},
): number | null {
  const expiresAt = entry.createdAt + lifetimeMs(entry, settings);
  if (now >= expiresAt) return null;
  const delays = options.cluster ? settings.clusterRetryDelaysMs : settings.retryDelaysMs;
  const delayMs = delays[Math.min(entry.attempts, delays.length - 1)] ?? settings.backOffMaxMs;
  // Entries that failed together should not come back together: up to a tenth later.
  const regular = Math.max(now + Math.round(delayMs * (1 + random.fraction() / 10)), options.notBefore ?? 0);
  const warnAt = warningAt(entry, settings);
  const next = now < warnAt ? Math.min(regular, warnAt) : regular;
  return Math.min(next, expiresAt);
}

/** The moment the sender is to be told of the delay. */
const warningAt = (entry: QueueEntry, settings: QueueSettings): number => entry.createdAt + settings.warnAfterMs;

/**
 * Whether the attempt that failed just now is the one to warn: due by the moment, over after it. `nextAttempt` sees to it
 * that there is one, and all later ones are due later: so the store need not remember whether the sender was told.
 */
export function isWarningDue(entry: QueueEntry, now: number, settings: QueueSettings): boolean {
  const at = warningAt(entry, settings);
  return entry.nextAttemptAt <= at && now >= at;
}

/** How long the entry may wait in all. */
export const lifetimeMs = (entry: QueueEntry, settings: QueueSettings): number =>
  entry.reversePath === '' ? settings.bounceExpireAfterMs : settings.expireAfterMs;
