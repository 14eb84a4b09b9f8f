import type {
  AccountAnnotations,
  AccountChange,
  AccountId,
  AccountInfo,
  AccountScripts,
  AccountSpec,
  AccountTransfer,
  AppendItem,
  BlobId,
  ChangedMessage,
  CopiedUids,
  DeletedMail,
  Delivery,
  DeliveryOutcome,
  KeywordChange,
  ListedMessage,
  Mailbox,
  MailboxChanges,
  MailboxId,
  MailboxRef,
  MailboxRole,
  MailboxSharing,
  MailStore,
  MailStoreHealth,
  MailStoreLimits,
  MessageFields,
  MessageFilter,
  MessageFlags,
  MessageId,
  ModSeq,
  QueueEntry,
  QueueUpdate,
  ReplacedMessage,
  StagedMessage,
  StoreBackup,
  StoredBytes,
  StoredMessage,
  StoreTiering,
  StoreUsageEvent,
  Uid,
  UidRange,
} from '#mailstore/api';
import { actsAbroad, permittedItems, permittedKeywords } from '#mailstore/api';
import { type ByteStream, present, type RequestContext } from '#stdx';
import { blobHash } from './blobs.ts';
import { dueEntries, listEntries } from './queue.ts';
import { bytesByPartner, pendingUsage } from './usage.ts';
import type { VolumeEngine } from './volume-engine.ts';

/** The port over a volume's engine: each method finds its room. */
export class VolumeMailStore implements MailStore {
  constructor(
    readonly volumeId: string,
    readonly epoch: number,
    private readonly engine: VolumeEngine,
  ) {}

  get limits(): MailStoreLimits {
    return this.engine.limits;
  }

  get failed(): Promise<Error> {
    return this.engine.failed;
  }

  get sharing(): MailboxSharing {
    return this.engine.sharing;
  }

  get annotations(): AccountAnnotations {
    return this.engine.annotations;
  }

  get scripts(): AccountScripts {
    return this.engine.scripts;
  }

  get backup(): StoreBackup {
    return this.engine.backup;
  }

  get deleted(): DeletedMail {
    return this.engine.deleted;
  }

  get tiering(): StoreTiering {
    return this.engine.cold;
  }

  get transfer(): AccountTransfer {
    return this.engine.transfer;
  }

  ensureAccount(context: RequestContext, spec: AccountSpec): Promise<AccountInfo> {
    return this.engine.writes.ensureAccount(context, spec);
  }

  account(context: RequestContext, accountId: AccountId): Promise<AccountInfo> {
    return this.engine.reads.account(context, accountId);
  }

  accounts(context: RequestContext): AsyncIterable<readonly AccountInfo[]> {
    return this.engine.reads.accounts(context);
  }

  async removeAccount(context: RequestContext, accountId: AccountId): Promise<void> {
    await this.engine.writes.removeAccount(context, accountId);
    this.engine.purge.wake();
  }

  async stage(bytes: ByteStream | Uint8Array): Promise<StagedMessage> {
    this.engine.assertOpen();
    return this.engine.staging.stage(bytes);
  }

  async deliver(_context: RequestContext, delivery: Delivery): Promise<readonly DeliveryOutcome[]> {
    const [outcomes] = await this.engine.writes.deliver([delivery]);
    return present(outcomes, 'outcomes');
  }

  deliverAll(
    _context: RequestContext,
    deliveries: readonly Delivery[],
  ): Promise<readonly (readonly DeliveryOutcome[])[]> {
    return this.engine.writes.deliver(deliveries);
  }

  async append(
    context: RequestContext,
    mailbox: MailboxRef,
    items: readonly AppendItem[],
    replaces?: ReplacedMessage,
  ): Promise<readonly { readonly uid: Uid; readonly messageId: MessageId }[]> {
    const { accountId } = mailbox;
    const allowed = await this.permit(context, mailbox, 'i');
    if (replaces) await this.permit(context, { accountId, mailboxId: replaces.mailboxId }, 'rte');
    const held = await this.sharing.rights(context, mailbox);
    return this.engine.writes.append(allowed, mailbox, permittedItems(held, items), replaces);
  }

  async mailboxes(context: RequestContext, accountId: AccountId): Promise<readonly Mailbox[]> {
    if (!actsAbroad(context, accountId)) return this.engine.reads.mailboxes(context, accountId);
    const shared = await this.engine.sharing.shared(context);
    return shared.filter((each) => each.accountId === accountId).map(({ mailbox }) => mailbox);
  }

  async mailbox(context: RequestContext, accountId: AccountId, nameOrId: string | MailboxId): Promise<Mailbox> {
    const allowed = await this.engine.sharing.permitNamed(context, accountId, nameOrId);
    return this.engine.reads.mailbox(allowed, accountId, nameOrId);
  }

  async createMailbox(
    context: RequestContext,
    accountId: AccountId,
    name: string,
    options: { readonly role?: MailboxRole; readonly subscribed?: boolean } = {},
  ): Promise<Mailbox> {
    const allowed = await this.engine.sharing.permitBeneath(context, accountId, name);
    return this.engine.writes.createMailbox(allowed, accountId, name, options);
  }

  async renameMailbox(context: RequestContext, accountId: AccountId, from: string, to: string): Promise<Mailbox> {
    await this.engine.sharing.permitBeneath(context, accountId, to);
    const allowed = await this.engine.sharing.permitNamed(context, accountId, from, 'x');
    return this.engine.writes.renameMailbox(allowed, accountId, from, to);
  }

  async deleteMailbox(context: RequestContext, accountId: AccountId, name: string): Promise<void> {
    const allowed = await this.engine.sharing.permitNamed(context, accountId, name, 'x');
    await this.engine.writes.deleteMailbox(allowed, accountId, name);
    this.engine.purge.wake();
  }

  setSubscribed(context: RequestContext, accountId: AccountId, name: string, subscribed: boolean): Promise<void> {
    return this.engine.writes.setSubscribed(context, accountId, name, subscribed);
  }

  subscriptions(context: RequestContext, accountId: AccountId): Promise<readonly string[]> {
    return this.engine.reads.subscriptions(context, accountId);
  }

  async claimRecent(context: RequestContext, mailbox: MailboxRef): Promise<Uid> {
    return this.engine.writes.claimRecent(await this.permit(context, mailbox, 'r'), mailbox);
  }

  async uids(context: RequestContext, mailbox: MailboxRef): Promise<Uint32Array> {
    return this.engine.reads.uids(await this.permit(context, mailbox, 'r'), mailbox);
  }

  async sizes(
    context: RequestContext,
    mailbox: MailboxRef,
  ): Promise<{ readonly uids: Uint32Array; readonly sizes: Uint32Array }> {
    return this.engine.reads.sizes(await this.permit(context, mailbox, 'r'), mailbox);
  }

  async *flags(
    context: RequestContext,
    mailbox: MailboxRef,
    ranges: readonly UidRange[],
  ): AsyncIterable<readonly MessageFlags[]> {
    yield* this.engine.reads.flags(await this.permit(context, mailbox, 'r'), mailbox, ranges);
  }

  async *listing(
    context: RequestContext,
    mailbox: MailboxRef,
    ranges: readonly UidRange[],
    fields: MessageFields,
  ): AsyncIterable<readonly ListedMessage[]> {
    yield* this.engine.reads.listing(await this.permit(context, mailbox, 'r'), mailbox, ranges, fields);
  }

  async *messages(
    context: RequestContext,
    mailbox: MailboxRef,
    ranges: readonly UidRange[],
    fields: MessageFields,
  ): AsyncIterable<readonly StoredMessage[]> {
    yield* this.engine.reads.messages(await this.permit(context, mailbox, 'r'), mailbox, ranges, fields);
  }

  async search(
    context: RequestContext,
    mailbox: MailboxRef,
    filter: MessageFilter,
    onProgress?: (done: number, goal: number) => void,
  ): Promise<{ readonly uids: readonly Uid[]; readonly modSeq: ModSeq }> {
    return this.engine.search.run(await this.permit(context, mailbox, 'r'), mailbox, filter, onProgress);
  }

  async changes(context: RequestContext, mailbox: MailboxRef, since: ModSeq): Promise<MailboxChanges> {
    return this.engine.reads.changes(await this.permit(context, mailbox, 'r'), mailbox, since);
  }

  async *read(blobId: BlobId, start = 0, end = Infinity): ByteStream {
    const hash = blobHash(blobId);
    await this.engine.reads.shown(undefined, () => undefined);
    yield* this.engine.blobs.read(hash, start, end);
  }

  async setKeywords(
    context: RequestContext,
    mailbox: MailboxRef,
    ranges: readonly UidRange[],
    change: KeywordChange,
  ): Promise<{ readonly changed: readonly ChangedMessage[]; readonly modified: readonly Uid[] }> {
    if (!actsAbroad(context, mailbox.accountId))
      return this.engine.writes.setKeywords(context, mailbox, ranges, change);
    const allowed = await this.permit(context, mailbox, 'r');
    const held = await this.sharing.rights(context, mailbox);
    return this.engine.writes.setKeywords(allowed, mailbox, ranges, permittedKeywords(held, change));
  }

  async copy(
    context: RequestContext,
    source: MailboxRef,
    ranges: readonly UidRange[],
    target: MailboxId,
  ): Promise<CopiedUids> {
    await this.permit(context, { accountId: source.accountId, mailboxId: target }, 'i');
    return this.engine.writes.copy(await this.permit(context, source, 'r'), source, ranges, target);
  }

  async move(
    context: RequestContext,
    source: MailboxRef,
    ranges: readonly UidRange[],
    target: MailboxId,
  ): Promise<CopiedUids> {
    await this.permit(context, { accountId: source.accountId, mailboxId: target }, 'i');
    return this.engine.writes.move(await this.permit(context, source, 'rte'), source, ranges, target);
  }

  async expunge(
    context: RequestContext,
    mailbox: MailboxRef,
    ranges: readonly UidRange[],
    options: { readonly any?: boolean } = {},
  ): Promise<{ readonly uids: readonly Uid[]; readonly modSeq: ModSeq }> {
    const allowed = await this.permit(context, mailbox, options.any ? 'rte' : 're');
    return this.engine.writes.expunge(allowed, mailbox, ranges, { any: options.any ?? false, kept: true });
  }

  private permit(context: RequestContext, ref: MailboxRef, needed: string): Promise<RequestContext> {
    return this.engine.sharing.permit(context, ref, needed);
  }

  watch(accountId: AccountId, listener: (change: AccountChange) => void): () => void {
    return this.engine.watchers.watch(accountId, listener);
  }

  queueDue(now: number, limit: number): Promise<readonly QueueEntry[]> {
    return this.engine.reads.shown(undefined, () => dueEntries(this.engine.index, now, limit));
  }

  queueEntries(filter: {
    readonly partnerId?: string;
    readonly after?: number;
    readonly limit: number;
  }): Promise<readonly QueueEntry[]> {
    return this.engine.reads.shown(undefined, () => listEntries(this.engine.index, filter));
  }

  queueUpdate(
    _context: RequestContext,
    updates: readonly QueueUpdate[],
    deliveries: readonly Delivery[] = [],
  ): Promise<void> {
    return this.engine.writes.queueUpdate(updates, deliveries);
  }

  watchQueue(listener: (dueAt: number) => void): () => void {
    return this.engine.watchers.watchQueue(listener);
  }

  usagePending(limit: number): Promise<readonly StoreUsageEvent[]> {
    return this.engine.reads.shown(undefined, () => pendingUsage(this.engine.index, this.volumeId, limit));
  }

  usageConfirm(ids: readonly string[]): Promise<void> {
    return this.engine.writes.usageConfirm(ids);
  }

  usageBytes(): Promise<readonly StoredBytes[]> {
    return this.engine.reads.shown(undefined, () => bytesByPartner(this.engine.index));
  }

  health(): MailStoreHealth {
    return this.engine.health();
  }

  close(): Promise<void> {
    return this.engine.close();
  }
}
