import type { QueueEntry, QueueUpdate } from '#mailstore/api';
import { type DsnAction, type DsnRecipient, NOTIFY_DEFAULT, type Notify, parseNotify } from '#protocol/smtp';
import type { Random } from '#stdx';
import type { AttemptOutcome, Destination } from './ports.ts';
import { isWarningDue, lifetimeMs, nextAttempt } from './schedule.ts';
import type { QueueSettings } from './settings.ts';

/** What an attempt comes to: one update for each entry, and what the sender is to be told. */
export interface Settlement {
  readonly updates: readonly QueueUpdate[];
  readonly notices: readonly Notice[];
  /** Earliest of the new attempts; `Infinity` when all are gone. */
  readonly nextAttemptAt: number;
}

/** Recipients of one message with one fate. */
export interface Notice {
  readonly action: DsnAction;
  readonly entry: QueueEntry;
  readonly recipients: readonly DsnRecipient[];
}

export interface SettlementFacts {
  readonly entries: readonly QueueEntry[];
  /** One for each entry. */
  readonly outcomes: readonly AttemptOutcome[];
  readonly destination: Destination['kind'];
  readonly now: number;
  /** No attempt before this. */
  readonly notBefore?: number;
}

/** Turns outcomes into updates and notices. Entries share one message. */
export function settle(facts: SettlementFacts, settings: QueueSettings, random: Random): Settlement {
  const updates: QueueUpdate[] = [];
  const told = new Map<DsnAction, DsnRecipient[]>();
  let earliest = Number.POSITIVE_INFINITY;
  for (const [index, entry] of facts.entries.entries()) {
    const outcome = facts.outcomes[index]!;
    const next = outcome.kind === 'deferred' ? retryAt(entry, facts, settings, random) : null;
    if (next === null) updates.push({ id: entry.id, done: true });
    else {
      updates.push({ id: entry.id, done: false, nextAttemptAt: next, lastError: lastError(outcome) });
      earliest = Math.min(earliest, next);
    }
    const action = actionOf(entry, outcome, next, facts, settings);
    if (action === null) continue;
    const recipients = told.get(action) ?? [];
    told.set(action, recipients);
    recipients.push(recipientOf(entry, outcome, action, settings));
  }
  const [entry] = facts.entries;
  return {
    updates,
    notices: entry ? [...told].map(([action, recipients]) => ({ action, entry, recipients })) : [],
    nextAttemptAt: earliest,
  };
}

function retryAt(entry: QueueEntry, facts: SettlementFacts, settings: QueueSettings, random: Random): number | null {
  return nextAttempt(entry, facts.now, settings, random, {
    cluster: facts.destination === 'cluster',
    ...(facts.notBefore === undefined ? {} : { notBefore: facts.notBefore }),
  });
}

const lastError = (outcome: AttemptOutcome): string =>
  outcome.remoteMta ? `${outcome.remoteMta} said: ${outcome.diagnostic}` : outcome.diagnostic;

/** What the sender is told of this, if anything: RFC 3461 §5.2; RFC 5321 §6.1: nothing is ever sent for a null reverse-path. */
function actionOf(
  entry: QueueEntry,
  outcome: AttemptOutcome,
  next: number | null,
  { destination, now }: SettlementFacts,
  settings: QueueSettings,
): DsnAction | null {
  if (entry.reversePath === '') return null;
  const notify = notifyOf(entry);
  switch (outcome.kind) {
    case 'delivered':
      if (!notify.success || outcome.dsnHandedOn) return null;
      return destination === 'local' ? 'delivered' : 'relayed';
    case 'failed':
      return notify.failure ? 'failed' : null;
    case 'deferred':
      if (next === null) return notify.failure ? 'failed' : null;
      return notify.delay && isWarningDue(entry, now, settings) ? 'delayed' : null;
  }
}

function notifyOf(entry: QueueEntry): Notify {
  const value = entry.parameters['NOTIFY'];
  return (value === undefined ? null : parseNotify(value)) ?? NOTIFY_DEFAULT;
}

function recipientOf(
  entry: QueueEntry,
  outcome: AttemptOutcome,
  action: DsnAction,
  settings: QueueSettings,
): DsnRecipient {
  const original = entry.parameters['ORCPT'];
  const expired = outcome.kind === 'deferred' && action === 'failed';
  return {
    forwardPath: entry.forwardPath,
    // RFC 3463 §3.5: X.4.7, delivery time expired.
    status: outcome.kind === 'delivered' ? '2.0.0' : expired ? '4.4.7' : outcome.status,
    diagnostic: outcome.diagnostic,
    ...(outcome.remoteMta === undefined ? {} : { remoteMta: outcome.remoteMta }),
    ...(original === undefined ? {} : { originalRecipient: original }),
    ...(action === 'delayed' ? { retryUntil: entry.createdAt + lifetimeMs(entry, settings) } : {}),
  };
}
