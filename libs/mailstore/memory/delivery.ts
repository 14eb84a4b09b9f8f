import {
  type AccountId,
  type BlobId,
  canonicalKeywords,
  canonicalMailboxName,
  type Delivery,
  type DeliveryOutcome,
  type DeliveryTarget,
  MailStoreError,
  type Memory,
  type NewQueueEntry,
  parentNames,
  type StagedMessage,
} from '#mailstore/api';
import { present, systemContext } from '#stdx';
import { addMessage, roomFor } from './messages.ts';
import { noteFailure, remember, rememberOnce } from './scripts.ts';
import { type Account, assertChangeable, type Box, type MemoryState, type Touch } from './state.ts';

/** Mail crosses partners. */
const SYSTEM = systemContext('delivery');

type Bytes = (message: StagedMessage) => Buffer;

/** One commit of any number of deliveries: each account it meets takes one modSeq. */
export class DeliveryCommit {
  private readonly touches = new Map<Account, Touch>();
  private dueAt: number | undefined;

  constructor(
    private readonly state: MemoryState,
    private readonly bytes: Bytes,
  ) {}

  /** Refuses, before anything is changed, what would refuse the whole commit. */
  check(deliveries: readonly Delivery[]): void {
    const { state } = this;
    state.assertOpen();
    const entries = deliveries.reduce((sum, delivery) => sum + delivery.queue.length, 0);
    if (state.queue.size + entries > state.limits.queueEntriesMax) throw new MailStoreError('limitExceeded', 'queue');
    for (const { message, targets } of deliveries) {
      this.bytes(message);
      for (const { account: spec, keywords = [] } of targets) {
        canonicalKeywords(keywords, state.limits);
        const account = state.accounts.get(spec.accountId);
        if (account) assertChangeable(account);
      }
    }
  }

  /** Outcomes of each delivery's targets. */
  run(deliveries: readonly Delivery[]): readonly (readonly DeliveryOutcome[])[] {
    const refusals = this.refusals(deliveries);
    return deliveries.map(({ message, receivedAt, targets, queue, memories = [], failedRuns = [] }) => {
      const outcomes = targets.map((target): DeliveryOutcome => {
        const error = refusals.get(target.account.accountId);
        return error ? { ok: false, error } : this.store(message, receivedAt, target);
      });
      for (const entry of queue) {
        if (entry.onBehalfOf !== undefined && refusals.has(entry.onBehalfOf)) continue;
        if (!entry.once || this.isNew(entry.once)) this.enqueue(message.blobId, message, receivedAt, entry);
      }
      for (const memory of memories) {
        if (refusals.has(memory.accountId)) continue;
        remember(this.state, this.touch(this.state.account(SYSTEM, memory.accountId)), memory);
      }
      for (const run of failedRuns) {
        if (refusals.has(run.accountId)) continue;
        noteFailure(this.touch(this.state.account(SYSTEM, run.accountId)), run);
      }
      return outcomes;
    });
  }

  /** Accounts that have no room for all that is meant for them, and why. */
  private refusals(deliveries: readonly Delivery[]): ReadonlyMap<AccountId, 'overQuota' | 'limitExceeded'> {
    const refusals = new Map<AccountId, 'overQuota' | 'limitExceeded'>();
    const sums = new Map<AccountId, { bytes: number; messages: number }>();
    for (const { message, targets } of deliveries) {
      for (const { account: spec, mailbox = 'INBOX' } of targets) {
        const { account, touch } = this.state.ensureAccount(spec);
        if (touch) this.touches.set(account, touch);
        const sum = sums.get(spec.accountId) ?? { bytes: 0, messages: 0 };
        sums.set(spec.accountId, sum);
        sum.bytes += message.size;
        sum.messages += 1;
        const refusal = roomFor(this.state, account, this.state.boxNamed(account, mailbox), sum.messages, sum.bytes);
        if (refusal) refusals.set(spec.accountId, refusal);
      }
    }
    return refusals;
  }

  private isNew(memory: Memory): boolean {
    const account = this.state.account(SYSTEM, memory.accountId);
    return rememberOnce(this.state, () => this.touch(account), account, memory);
  }

  publish(): void {
    this.state.publish(this.touches.values(), this.dueAt);
  }

  private store(message: StagedMessage, receivedAt: number, target: DeliveryTarget): DeliveryOutcome {
    const { state } = this;
    const { account } = state.ensureAccount(target.account);
    const { blobId, parsed } = message;
    const touch = this.touch(account);
    const box = this.mailbox(touch, target.mailbox ?? 'INBOX');
    const keywords = canonicalKeywords(target.keywords ?? [], state.limits);
    const item = { blobId, bytes: this.bytes(message), parsed, keywords, internalDate: receivedAt };
    const { uid, messageId, modSeq } = addMessage(state, touch, box, item);
    const { accountId, partnerId } = target.account;
    state.recordUsage({ partnerId, accountId, meter: 'messages-in', quantity: 1, at: receivedAt });
    return { ok: true, mailboxId: box.id, uid, messageId, modSeq };
  }

  private touch(account: Account): Touch {
    const touch = this.touches.get(account) ?? this.state.touch(account);
    this.touches.set(account, touch);
    return touch;
  }

  /** A name that cannot be had must not cost the message: it falls to INBOX, like Sieve's implicit keep (RFC 5228 §2.10.6). */
  private mailbox(touch: Touch, name: string): Box {
    const { state } = this;
    const { account } = touch;
    const known = state.boxNamed(account, name);
    if (known) return known;
    try {
      const canonical = canonicalMailboxName(name, state.limits);
      const missing = [...parentNames(canonical), canonical].filter((each) => !state.boxNamed(account, each));
      if (account.mailboxes.size + missing.length > state.limits.mailboxesMax)
        throw new MailStoreError('limitExceeded', 'mailboxes');
      for (const each of missing) {
        state.addMailbox(touch, each, null);
        account.subscriptions.add(each);
      }
      return present(state.boxNamed(account, canonical), 'mailbox just made');
    } catch (error) {
      if (error instanceof MailStoreError) return present(state.boxNamed(account, 'INBOX'), 'INBOX');
      throw error;
    }
  }

  private enqueue(blobId: BlobId, message: StagedMessage, receivedAt: number, entry: NewQueueEntry): void {
    const { state } = this;
    state.retain(blobId, { bytes: this.bytes(message), parsed: message.parsed });
    const id = state.nextQueueId();
    const { reversePath, forwardPath, partnerId, parameters = {} } = entry;
    const createdAt = state.clock.now();
    const nextAttemptAt = entry.notBefore ?? createdAt;
    state.queue.set(id, {
      ...{ id, blobId, size: message.size, reversePath, forwardPath, partnerId, parameters },
      ...{ createdAt, nextAttemptAt, attempts: 0, lastError: null, status: 'queued' },
    });
    if (entry.metered ?? true)
      state.recordUsage({ partnerId, accountId: null, meter: 'messages-out', quantity: 1, at: receivedAt });
    this.dueAt = Math.min(this.dueAt ?? Infinity, nextAttemptAt);
  }
}
