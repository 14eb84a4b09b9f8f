import {
  type AccountId,
  canonicalKeywords,
  type Delivery,
  type DeliveryOutcome,
  type DeliveryTarget,
  type FailedRun,
  MailStoreError,
  type MailStoreLimits,
  type Memory,
  type NewQueueEntry,
} from '#mailstore/api';
import { systemContext } from '#stdx';
import type { Edit } from './edit.ts';
import { mailboxForDelivery } from './mailboxes.ts';
import { remember, rememberOnce } from './memories.ts';
import { addMessage, roomFor } from './messages.ts';
import { enqueue } from './queue.ts';
import { noteFailure } from './scripts.ts';
import type { StagedContent } from './staging.ts';
import { recordUsage } from './usage.ts';

/** A delivery with its bytes found and its keywords checked: what can be refused before the commit has been. */
export interface PreparedDelivery {
  readonly content: StagedContent;
  readonly receivedAt: number;
  readonly targets: readonly (DeliveryTarget & { readonly keywords: readonly string[] })[];
  readonly queue: readonly NewQueueEntry[];
  readonly memories: readonly Memory[];
  readonly failedRuns: readonly FailedRun[];
}

export function prepareDelivery(delivery: Delivery, content: StagedContent, limits: MailStoreLimits): PreparedDelivery {
  const { receivedAt, queue, memories = [], failedRuns = [] } = delivery;
  const targets = delivery.targets.map((target) => ({
    ...target,
    keywords: canonicalKeywords(target.keywords ?? [], limits),
  }));
  return { content, receivedAt, targets, queue, memories, failedRuns };
}

/** All targets, queue entries and memories of deliveries that belong together, in the commit of the edit. */
export function deliver(edit: Edit, deliveries: readonly PreparedDelivery[]): readonly (readonly DeliveryOutcome[])[] {
  const refusals = refusalsOf(edit, deliveries);
  return deliveries.map((delivery) => {
    const outcomes = delivery.targets.map((target): DeliveryOutcome => {
      const error = refusals.get(target.account.accountId);
      return error ? { ok: false, error } : store(edit, delivery, target);
    });
    for (const entry of delivery.queue) {
      if (entry.onBehalfOf !== undefined && refusals.has(entry.onBehalfOf)) continue;
      if (entry.once === undefined || rememberOnce(edit, edit.account(SYSTEM, entry.once.accountId), entry.once))
        enqueue(edit, delivery, entry);
    }
    for (const memory of delivery.memories)
      if (!refusals.has(memory.accountId)) remember(edit, edit.account(SYSTEM, memory.accountId), memory);
    for (const run of delivery.failedRuns)
      if (!refusals.has(run.accountId)) noteFailure(edit, edit.account(SYSTEM, run.accountId), run);
    return outcomes;
  });
}

/** Mail crosses partners. */
const SYSTEM = systemContext('delivery');

/** Accounts that have no room for all that is meant for them, and why. */
function refusalsOf(
  edit: Edit,
  deliveries: readonly PreparedDelivery[],
): ReadonlyMap<AccountId, 'overQuota' | 'limitExceeded'> {
  const refusals = new Map<AccountId, 'overQuota' | 'limitExceeded'>();
  const sums = new Map<AccountId, { bytes: number; messages: number }>();
  for (const { content, targets } of deliveries) {
    for (const { account: spec, mailbox: name = 'INBOX' } of targets) {
      const account = edit.ensureAccount(spec);
      const sum = sums.get(spec.accountId) ?? { bytes: 0, messages: 0 };
      sums.set(spec.accountId, sum);
      sum.bytes += content.size;
      sum.messages += 1;
      const refusal = roomFor(edit, account, edit.mailboxByName(account, name), sum.messages, sum.bytes);
      if (refusal) refusals.set(spec.accountId, refusal);
    }
  }
  return refusals;
}

function store(
  edit: Edit,
  { content, receivedAt }: PreparedDelivery,
  { account: spec, mailbox: name = 'INBOX', keywords }: PreparedDelivery['targets'][number],
): DeliveryOutcome {
  const account = edit.ensureAccount(spec);
  const mailbox = mailboxForDelivery(edit, account, name);
  const { uid, messageId } = addMessage(edit, account, mailbox, { content, keywords, internalDate: receivedAt });
  const { accountId, partnerId } = spec;
  recordUsage(edit, { partnerId, accountId, meter: 'messages-in', quantity: 1, at: receivedAt });
  return { ok: true, mailboxId: mailbox.id, uid, messageId, modSeq: account.row.modSeq };
}

/** Refuses `limitExceeded` when the queue has no room for what is to come. */
export function assertQueueRoom(edit: Edit, deliveries: readonly PreparedDelivery[]): void {
  const more = deliveries.reduce((sum, { queue }) => sum + queue.length, 0);
  const { queueLength, limits } = edit.scope;
  if (more > 0 && queueLength + more > limits.queueEntriesMax) throw new MailStoreError('limitExceeded', 'queue');
}
