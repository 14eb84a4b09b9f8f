import {
  canonicalKeywords,
  type Delivery,
  type DeliveryOutcome,
  type DeliveryTarget,
  MailStoreError,
  type MailStoreLimits,
  type NewQueueEntry,
} from '#mailstore/api';
import type { Edit } from './edit.ts';
import { mailboxForDelivery } from './mailboxes.ts';
import { addMessage, roomFor } from './messages.ts';
import { enqueue } from './queue.ts';
import type { StagedContent } from './staging.ts';
import { recordUsage } from './usage.ts';

/** A delivery with its bytes found and its keywords checked: what can be refused before the commit has been. */
export interface PreparedDelivery {
  readonly content: StagedContent;
  readonly receivedAt: number;
  readonly targets: readonly (DeliveryTarget & { readonly keywords: readonly string[] })[];
  readonly queue: readonly NewQueueEntry[];
}

export function prepareDelivery(delivery: Delivery, content: StagedContent, limits: MailStoreLimits): PreparedDelivery {
  const { receivedAt, queue } = delivery;
  const targets = delivery.targets.map((target) => ({
    ...target,
    keywords: canonicalKeywords(target.keywords ?? [], limits),
  }));
  return { content, receivedAt, targets, queue };
}

/** All targets and queue entries of a delivery, in the commit of the edit. */
export function deliver(edit: Edit, delivery: PreparedDelivery): readonly DeliveryOutcome[] {
  const outcomes = delivery.targets.map((target) => store(edit, delivery, target));
  for (const entry of delivery.queue) enqueue(edit, delivery, entry);
  return outcomes;
}

function store(
  edit: Edit,
  { content, receivedAt }: PreparedDelivery,
  { account: spec, mailbox: name = 'INBOX', keywords }: PreparedDelivery['targets'][number],
): DeliveryOutcome {
  const account = edit.ensureAccount(spec);
  const refusal = roomFor(account, edit.mailboxByName(account, name), 1, content.size);
  if (refusal) return { ok: false, error: refusal };
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
