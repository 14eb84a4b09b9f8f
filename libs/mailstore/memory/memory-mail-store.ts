import { hash } from 'node:crypto';
import {
  type AccountChange,
  type AccountId,
  type AccountInfo,
  type AccountSpec,
  type AppendItem,
  actsAbroad,
  type BlobId,
  type ChangedMessage,
  type CopiedUids,
  type Delivery,
  type DeliveryOutcome,
  type KeywordChange,
  type ListedMessage,
  type Mailbox,
  type MailboxChanges,
  type MailboxId,
  type MailboxRef,
  type MailboxRole,
  type MailStore,
  MailStoreError,
  type MailStoreHealth,
  type MailStoreLimits,
  type MessageFields,
  type MessageFilter,
  type MessageFlags,
  type MessageId,
  type MessageParserFactory,
  type ModSeq,
  permittedItems,
  permittedKeywords,
  type QueueEntry,
  type QueueUpdate,
  type ReplacedMessage,
  type StagedMessage,
  type StoredMessage,
  type StoreUsageEvent,
  type Uid,
  type UidRange,
} from '#mailstore/api';
import { type ByteStream, type Clock, present, type RequestContext } from '#stdx';
import { MemoryAnnotations } from './annotations.ts';
import { MemoryBackup } from './backup.ts';
import { DeliveryCommit } from './delivery.ts';
import { bytesByPartner, healthOf } from './figures.ts';
import { batch, listed, marked, sizesOf, whole } from './looks.ts';
import { createMailbox, deleteMailbox, findMailbox, renameMailbox, setSubscribed } from './mailboxes.ts';
import { append, changes, copyOrMove, expunge, selected, setKeywords } from './messages.ts';
import { dueEntries, listEntries, updateQueue } from './queue.ts';
import { MemoryScripts } from './scripts.ts';
import { searchBox } from './search.ts';
import { MemorySharing } from './sharing.ts';
import { accountInfo, MemoryState, mailboxView } from './state.ts';
import { MemoryTiering } from './tiering.ts';
import { MemoryTransfer } from './transfer.ts';
import { MemoryDeleted } from './undelete.ts';

export interface MemoryMailStoreOptions {
  /** `messageParser` of `#protocol/message`, or a wrapper that gives it limits. */
  readonly parse: MessageParserFactory;
  readonly clock: Clock;
  readonly volumeId?: string;
  readonly epoch?: number;
  readonly limits?: Partial<MailStoreLimits>;
}

/** The port in plain Maps: for tests of what stands above the store, and as the model the volume engine is compared with. Keeps nothing. */
export class MemoryMailStore implements MailStore {
  readonly volumeId: string;
  readonly epoch: number;
  /** Memory does not fail by itself: never settles. */
  readonly failed = new Promise<Error>(() => {});
  private readonly state: MemoryState;
  readonly transfer: MemoryTransfer;
  readonly annotations: MemoryAnnotations;
  readonly sharing: MemorySharing;
  readonly scripts: MemoryScripts;
  readonly deleted: MemoryDeleted;
  readonly backup = new MemoryBackup();
  readonly tiering = new MemoryTiering();
  private readonly staged = new Map<StagedMessage, Buffer>();

  constructor(private readonly options: MemoryMailStoreOptions) {
    this.volumeId = options.volumeId ?? 'memory';
    this.epoch = options.epoch ?? 1;
    this.state = new MemoryState(this.volumeId, this.epoch, options.clock, options.limits ?? {});
    this.deleted = new MemoryDeleted(this.state);
    this.transfer = new MemoryTransfer(this.state, options.parse);
    this.sharing = new MemorySharing(this.state);
    this.annotations = new MemoryAnnotations(this.state, this.sharing);
    this.scripts = new MemoryScripts(this.state);
  }

  get limits(): MailStoreLimits {
    return this.state.limits;
  }

  async ensureAccount(context: RequestContext, spec: AccountSpec): Promise<AccountInfo> {
    const { partnerId } = context;
    const known = this.state.accounts.get(spec.accountId)?.spec ?? spec;
    if (partnerId !== undefined && (partnerId !== spec.partnerId || partnerId !== known.partnerId))
      throw new MailStoreError('accountNotFound');
    const { account, touch } = this.state.ensureAccount(spec);
    if (touch) this.state.publish([touch]);
    return accountInfo(account);
  }

  async account(context: RequestContext, accountId: AccountId): Promise<AccountInfo> {
    return accountInfo(this.state.account(context, accountId));
  }

  async *accounts(context: RequestContext): AsyncIterable<readonly AccountInfo[]> {
    this.state.assertOpen();
    const all = this.state.admitted.map(accountInfo);
    yield all.filter(({ partnerId }) => context.partnerId === undefined || partnerId === context.partnerId);
  }

  async removeAccount(context: RequestContext, accountId: AccountId): Promise<void> {
    const account = this.state.account(context, accountId);
    // One that is held goes too: a move's last step.
    account.standing = 'open';
    const touch = this.state.touch(account);
    for (const id of account.mailboxes.keys()) touch.mailboxes.add(id);
    this.state.forgetAccount(account);
    this.state.publish([{ ...touch, mailboxList: true }]);
  }

  async stage(source: ByteStream | Uint8Array): Promise<StagedMessage> {
    const parser = this.options.parse();
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of source instanceof Uint8Array ? [source] : source) {
      size += chunk.length;
      if (size > this.state.limits.messageBytesMax) throw new MailStoreError('messageTooLarge');
      parser.push(chunk);
      chunks.push(Buffer.from(chunk));
    }
    this.state.assertOpen();
    const whole = Buffer.concat(chunks, size);
    const blobId = hash('sha256', whole, 'hex');
    const discard = (): void => void this.staged.delete(message);
    const bytes = async function* (): ByteStream {
      if (whole.length > 0) yield whole;
    };
    const message: StagedMessage = { blobId, size, parsed: parser.end(), bytes, discard };
    this.staged.set(message, whole);
    return message;
  }

  async deliver(context: RequestContext, delivery: Delivery): Promise<readonly DeliveryOutcome[]> {
    const [outcomes] = await this.deliverAll(context, [delivery]);
    return present(outcomes, 'outcomes');
  }

  async deliverAll(
    _context: RequestContext,
    deliveries: readonly Delivery[],
  ): Promise<readonly (readonly DeliveryOutcome[])[]> {
    const commit = new DeliveryCommit(this.state, this.bytesOf);
    commit.check(deliveries);
    const outcomes = commit.run(deliveries);
    commit.publish();
    return outcomes;
  }

  async append(
    context: RequestContext,
    mailbox: MailboxRef,
    items: readonly AppendItem[],
    replaces?: ReplacedMessage,
  ): Promise<readonly { readonly uid: Uid; readonly messageId: MessageId }[]> {
    const { accountId } = mailbox;
    const allowed = this.sharing.permit(context, mailbox, 'i');
    if (replaces) this.sharing.permit(context, { accountId, mailboxId: replaces.mailboxId }, 'rte');
    const permitted = permittedItems(await this.sharing.rights(context, mailbox), items);
    return append(this.state, allowed, mailbox, permitted, ({ message }) => this.bytesOf(message), replaces);
  }

  async mailboxes(context: RequestContext, accountId: AccountId): Promise<readonly Mailbox[]> {
    if (actsAbroad(context, accountId)) {
      const shared = await this.sharing.shared(context);
      return shared.filter((each) => each.accountId === accountId).map(({ mailbox }) => mailbox);
    }
    const account = this.state.account(context, accountId);
    return [...account.mailboxes.values()].map((box) => mailboxView(account, box));
  }

  async mailbox(context: RequestContext, accountId: AccountId, nameOrId: string | MailboxId): Promise<Mailbox> {
    return findMailbox(this.state, this.sharing.permitNamed(context, accountId, nameOrId), accountId, nameOrId);
  }

  async createMailbox(
    context: RequestContext,
    accountId: AccountId,
    name: string,
    options: { readonly role?: MailboxRole; readonly subscribed?: boolean } = {},
  ): Promise<Mailbox> {
    return createMailbox(this.state, this.sharing.permitBeneath(context, accountId, name), accountId, name, options);
  }

  async renameMailbox(context: RequestContext, accountId: AccountId, from: string, to: string): Promise<Mailbox> {
    this.sharing.permitBeneath(context, accountId, to);
    return renameMailbox(this.state, this.sharing.permitNamed(context, accountId, from, 'x'), accountId, from, to);
  }

  async deleteMailbox(context: RequestContext, accountId: AccountId, name: string): Promise<void> {
    deleteMailbox(this.state, this.sharing.permitNamed(context, accountId, name, 'x'), accountId, name);
  }

  async setSubscribed(context: RequestContext, accountId: AccountId, name: string, subscribed: boolean): Promise<void> {
    setSubscribed(this.state, context, accountId, name, subscribed);
  }

  async subscriptions(context: RequestContext, accountId: AccountId): Promise<readonly string[]> {
    return [...this.state.account(context, accountId).subscriptions].sort();
  }

  async claimRecent(context: RequestContext, mailbox: MailboxRef): Promise<Uid> {
    const { box } = this.box(context, mailbox);
    const claimed = box.recentUid;
    box.recentUid = box.uidNext;
    return claimed;
  }

  async uids(context: RequestContext, mailbox: MailboxRef): Promise<Uint32Array> {
    return Uint32Array.from(this.box(context, mailbox).box.messages.keys());
  }

  async sizes(
    context: RequestContext,
    mailbox: MailboxRef,
  ): Promise<{ readonly uids: Uint32Array; readonly sizes: Uint32Array }> {
    return sizesOf(this.box(context, mailbox).box);
  }

  async *flags(
    context: RequestContext,
    mailbox: MailboxRef,
    ranges: readonly UidRange[],
  ): AsyncIterable<readonly MessageFlags[]> {
    yield* batch(selected(this.box(context, mailbox).box, ranges), marked);
  }

  async *listing(
    context: RequestContext,
    mailbox: MailboxRef,
    ranges: readonly UidRange[],
    fields: MessageFields,
  ): AsyncIterable<readonly ListedMessage[]> {
    yield* batch(selected(this.box(context, mailbox).box, ranges), (message) => listed(message, fields));
  }

  async *messages(
    context: RequestContext,
    mailbox: MailboxRef,
    ranges: readonly UidRange[],
    fields: MessageFields,
  ): AsyncIterable<readonly StoredMessage[]> {
    yield* batch(selected(this.box(context, mailbox).box, ranges), (message) => whole(message, fields));
  }

  async search(
    context: RequestContext,
    mailbox: MailboxRef,
    filter: MessageFilter,
    onProgress?: (done: number, goal: number) => void,
  ): Promise<{ readonly uids: readonly Uid[]; readonly modSeq: ModSeq }> {
    return searchBox(this.state, this.box(context, mailbox).box, filter, onProgress);
  }

  async changes(context: RequestContext, mailbox: MailboxRef, since: ModSeq): Promise<MailboxChanges> {
    return changes(this.state, this.sharing.permit(context, mailbox, 'r'), mailbox, since);
  }

  async *read(blobId: BlobId, start = 0, end = Infinity): ByteStream {
    this.state.assertOpen();
    const blob = this.state.blobs.get(blobId);
    if (!blob) throw new MailStoreError('messageNotFound', 'no such blob');
    const bytes = blob.bytes.subarray(start, Math.min(end, blob.bytes.length));
    if (bytes.length > 0) yield bytes;
  }

  async setKeywords(
    context: RequestContext,
    mailbox: MailboxRef,
    ranges: readonly UidRange[],
    change: KeywordChange,
  ): Promise<{ readonly changed: readonly ChangedMessage[]; readonly modified: readonly Uid[] }> {
    const allowed = this.sharing.permit(context, mailbox, 'r');
    if (allowed === context) return setKeywords(this.state, context, mailbox, ranges, change);
    const held = await this.sharing.rights(context, mailbox);
    return setKeywords(this.state, allowed, mailbox, ranges, permittedKeywords(held, change));
  }

  async copy(
    context: RequestContext,
    source: MailboxRef,
    ranges: readonly UidRange[],
    target: MailboxId,
  ): Promise<CopiedUids> {
    this.sharing.permit(context, { accountId: source.accountId, mailboxId: target }, 'i');
    return copyOrMove(this.state, this.sharing.permit(context, source, 'r'), source, ranges, target, false);
  }

  async move(
    context: RequestContext,
    source: MailboxRef,
    ranges: readonly UidRange[],
    target: MailboxId,
  ): Promise<CopiedUids> {
    this.sharing.permit(context, { accountId: source.accountId, mailboxId: target }, 'i');
    return copyOrMove(this.state, this.sharing.permit(context, source, 'rte'), source, ranges, target, true);
  }

  async expunge(
    context: RequestContext,
    mailbox: MailboxRef,
    ranges: readonly UidRange[],
    options: { readonly any?: boolean } = {},
  ): Promise<{ readonly uids: readonly Uid[]; readonly modSeq: ModSeq }> {
    const allowed = this.sharing.permit(context, mailbox, options.any ? 'rte' : 're');
    return expunge(this.state, allowed, mailbox, ranges, options.any ?? false);
  }

  private box(context: RequestContext, mailbox: MailboxRef) {
    return this.state.box(this.sharing.permit(context, mailbox, 'r'), mailbox);
  }

  watch(accountId: AccountId, listener: (change: AccountChange) => void): () => void {
    const { watchers } = this.state;
    const listeners = watchers.get(accountId) ?? new Set();
    watchers.set(accountId, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) watchers.delete(accountId);
    };
  }

  async queueDue(now: number, limit: number): Promise<readonly QueueEntry[]> {
    return dueEntries(this.state, now, limit);
  }

  async queueEntries(filter: {
    readonly partnerId?: string;
    readonly after?: number;
    readonly limit: number;
  }): Promise<readonly QueueEntry[]> {
    return listEntries(this.state, filter);
  }

  async queueUpdate(
    _context: RequestContext,
    updates: readonly QueueUpdate[],
    deliveries: readonly Delivery[] = [],
  ): Promise<void> {
    const commit = new DeliveryCommit(this.state, this.bytesOf);
    commit.check(deliveries);
    updateQueue(this.state, updates);
    commit.run(deliveries);
    commit.publish();
  }

  watchQueue(listener: (dueAt: number) => void): () => void {
    this.state.queueWatchers.add(listener);
    return () => this.state.queueWatchers.delete(listener);
  }

  async usagePending(limit: number): Promise<readonly StoreUsageEvent[]> {
    this.state.assertOpen();
    return [...this.state.usage.values()].slice(0, limit);
  }

  async usageConfirm(ids: readonly string[]): Promise<void> {
    this.state.assertOpen();
    for (const id of ids) this.state.usage.delete(id);
  }

  async usageBytes(): Promise<ReturnType<typeof bytesByPartner>> {
    this.state.assertOpen();
    return bytesByPartner(this.state);
  }

  health(): MailStoreHealth {
    return healthOf(this.state);
  }

  async close(): Promise<void> {
    this.state.closed = true;
  }

  private readonly bytesOf = (message: StagedMessage): Buffer => {
    const bytes = this.staged.get(message);
    if (!bytes) throw new MailStoreError('unavailable', 'the staged message was discarded, or is of another store');
    return bytes;
  };
}
