import type { ParsedMessage } from '#protocol/message';
import type { ByteStream, RequestContext } from '#stdx';
import type { AccountAnnotations } from './annotations.ts';
import type { StoreBackup } from './backup.ts';
import type { DeletedMail } from './deleted.ts';
import type { MessageFilter } from './filter.ts';
import type { MailStoreLimits } from './limits.ts';
import type {
  AccountChange,
  AccountId,
  AccountInfo,
  AccountSpec,
  BlobId,
  ListedMessage,
  Mailbox,
  MailboxChanges,
  MailboxId,
  MailboxRef,
  MailboxRole,
  MessageFields,
  MessageFlags,
  MessageId,
  MessageSummary,
  ModSeq,
  StoredMessage,
  Uid,
  UidRange,
} from './model.ts';
import type { NewQueueEntry, QueueEntry, QueueUpdate } from './queue.ts';
import type { AccountScripts, FailedRun, Memory } from './scripts.ts';
import type { MailboxSharing } from './sharing.ts';
import type { TextIndexFigures } from './text-index.ts';
import type { StoreTiering } from './tiering.ts';
import type { AccountTransfer } from './transfer/account-transfer.ts';
import type { UpkeepFigures } from './upkeep.ts';
import type { StoredBytes, StoreUsageEvent } from './usage.ts';

/** Bytes written but not yet referenced. Commit it by `deliver`/`append`, or `discard` it; an abandoned one is garbage that recovery drops. */
export interface StagedMessage {
  readonly blobId: BlobId;
  readonly size: number;
  readonly parsed: ParsedMessage;
  /** What was staged, before any commit: until `discard`, and not while a commit is under way. */
  bytes(): ByteStream;
  /** Releases it; a no-op after a commit used it. A staged message may be used by several commits before this. */
  discard(): void;
}

export interface DeliveryTarget {
  readonly account: AccountSpec;
  /** Name; created when absent. Default `INBOX`. */
  readonly mailbox?: string;
  readonly keywords?: readonly string[];
}

export interface Delivery {
  readonly message: StagedMessage;
  /** Milliseconds since the epoch; also the messages' internalDate. */
  readonly receivedAt: number;
  readonly targets: readonly DeliveryTarget[];
  readonly queue: readonly NewQueueEntry[];
  /** Remembered with the commit, unless the account's targets are refused. */
  readonly memories?: readonly Memory[];
  /** Runs of active scripts that failed over it. */
  readonly failedRuns?: readonly FailedRun[];
  /** Partner billed for each queue entry is in the entry; one `messages-in` event is written per stored target, one `messages-out` per metered queue entry. */
}

/** Per target, in order: where it landed, or why not; an account's targets are refused together. Queue entries succeed or fail with the whole commit. */
export type DeliveryOutcome =
  | {
      readonly ok: true;
      readonly mailboxId: MailboxId;
      readonly uid: Uid;
      readonly messageId: MessageId;
      readonly modSeq: ModSeq;
    }
  | { readonly ok: false; readonly error: 'overQuota' | 'limitExceeded' };

export interface AppendItem {
  readonly message: StagedMessage;
  readonly keywords: readonly string[];
  /** Milliseconds since the epoch. */
  readonly internalDate: number;
}

/** A message that goes in the commit that brings others. */
export interface ReplacedMessage {
  readonly mailboxId: MailboxId;
  readonly uid: Uid;
}

/** `source[i]` became `target[i]`; ascending by source. */
export interface CopiedUids {
  readonly mailboxId: MailboxId;
  readonly uidValidity: number;
  readonly source: readonly Uid[];
  readonly target: readonly Uid[];
  readonly modSeq: ModSeq;
}

export interface KeywordChange {
  readonly mode: 'add' | 'remove' | 'replace';
  readonly keywords: readonly string[];
  /** Only messages whose modSeq is at most this (RFC 7162 UNCHANGEDSINCE); others are reported in `modified`. */
  readonly unchangedSince?: ModSeq;
  /** Other keywords stay as they are. */
  readonly within?: (keyword: string) => boolean;
}

/** A message after a change of its keywords. */
export interface ChangedMessage extends MessageSummary {
  /** Its modSeq before the change; the same as `modSeq` when it was so already. Tells a caller whether he knew its state. */
  readonly previousModSeq: ModSeq;
}

/**
 * One volume's mail. Laws (docs/MAILSTORE.md):
 * - a promise that resolves means the change is durable; nothing younger than the last durable commit is ever returned by a read;
 * - every method rejects with `MailStoreError` for operating errors;
 * - methods on an account unknown to the volume reject `accountNotFound`, except those that take an `AccountSpec`.
 */
export interface MailStore {
  readonly volumeId: string;
  readonly epoch: number;
  readonly limits: MailStoreLimits;

  // Accounts
  ensureAccount(context: RequestContext, spec: AccountSpec): Promise<AccountInfo>;
  account(context: RequestContext, accountId: AccountId): Promise<AccountInfo>;
  accounts(context: RequestContext): AsyncIterable<readonly AccountInfo[]>;
  removeAccount(context: RequestContext, accountId: AccountId): Promise<void>;
  /** Accounts as streams: moves, exports, restores. */
  readonly transfer: AccountTransfer;
  /** What was deleted lately. */
  readonly deleted: DeletedMail;
  /** Copies of the whole store on other storage. */
  readonly backup: StoreBackup;
  /** Old mail on cold storage. */
  readonly tiering: StoreTiering;

  // Bytes in
  /** Streams a message in, parsing as it goes; memory stays bounded whatever its size. Rejects `messageTooLarge`, `diskFull`. */
  stage(bytes: ByteStream | Uint8Array): Promise<StagedMessage>;
  /** All targets and queue entries in one durable commit. */
  deliver(context: RequestContext, delivery: Delivery): Promise<readonly DeliveryOutcome[]>;
  /** Several messages that belong together, in one durable commit: outcomes of each. An account's targets stand or fall together over all of them. */
  deliverAll(
    context: RequestContext,
    deliveries: readonly Delivery[],
  ): Promise<readonly (readonly DeliveryOutcome[])[]>;
  /** All items in one durable commit; `replaces`, of the same account, is removed in it and makes room for them. Rejects `messageNotFound` when that is not there. */
  append(
    context: RequestContext,
    mailbox: MailboxRef,
    items: readonly AppendItem[],
    replaces?: ReplacedMessage,
  ): Promise<readonly { readonly uid: Uid; readonly messageId: MessageId }[]>;

  // Mailboxes
  mailboxes(context: RequestContext, accountId: AccountId): Promise<readonly Mailbox[]>;
  /** By name: INBOX in any case, other names exactly, or by id. */
  mailbox(context: RequestContext, accountId: AccountId, nameOrId: string | MailboxId): Promise<Mailbox>;
  /** Creates missing parents too. */
  createMailbox(
    context: RequestContext,
    accountId: AccountId,
    name: string,
    options?: { readonly role?: MailboxRole; readonly subscribed?: boolean },
  ): Promise<Mailbox>;
  /** Children move along. Renaming INBOX moves its messages to a new mailbox and leaves INBOX empty (RFC 9051 §6.3.6). */
  renameMailbox(context: RequestContext, accountId: AccountId, from: string, to: string): Promise<Mailbox>;
  /** Its messages go with it; children stay. */
  deleteMailbox(context: RequestContext, accountId: AccountId, name: string): Promise<void>;
  setSubscribed(context: RequestContext, accountId: AccountId, name: string, subscribed: boolean): Promise<void>;
  /** Names subscribed to, including names whose mailbox is gone (RFC 9051 §6.3.7). */
  subscriptions(context: RequestContext, accountId: AccountId): Promise<readonly string[]>;
  /** Claims \Recent: returns the first uid nobody claimed before; later callers get uidNext. */
  claimRecent(context: RequestContext, mailbox: MailboxRef): Promise<Uid>;

  // Messages
  /** Every uid, ascending. */
  uids(context: RequestContext, mailbox: MailboxRef): Promise<Uint32Array>;
  /** Every uid, ascending, and at the same place its message's bytes. */
  sizes(
    context: RequestContext,
    mailbox: MailboxRef,
  ): Promise<{ readonly uids: Uint32Array; readonly sizes: Uint32Array }>;
  /** Ascending uid, in batches sized so that no batch holds the event loop over a few ms. Missing uids are skipped. */
  flags(
    context: RequestContext,
    mailbox: MailboxRef,
    ranges: readonly UidRange[],
  ): AsyncIterable<readonly MessageFlags[]>;
  /** The same, with what lists show: a third of the cost of `messages`. */
  listing(
    context: RequestContext,
    mailbox: MailboxRef,
    ranges: readonly UidRange[],
    fields: MessageFields,
  ): AsyncIterable<readonly ListedMessage[]>;
  messages(
    context: RequestContext,
    mailbox: MailboxRef,
    ranges: readonly UidRange[],
    fields: MessageFields,
  ): AsyncIterable<readonly StoredMessage[]>;
  /**
   * uids that match, ascending, with the highest modSeq among them (0 when none). Slices its work; one that takes long tells now and then
   * how many of the mailbox's messages it has decided.
   */
  search(
    context: RequestContext,
    mailbox: MailboxRef,
    filter: MessageFilter,
    onProgress?: (done: number, goal: number) => void,
  ): Promise<{ readonly uids: readonly Uid[]; readonly modSeq: ModSeq }>;
  changes(context: RequestContext, mailbox: MailboxRef, since: ModSeq): Promise<MailboxChanges>;
  /** Bytes [start, end) of a blob the account holds; large ranges arrive in chunks. A whole one is compared with its blob id when it is first read. */
  read(blobId: BlobId, start?: number, end?: number): ByteStream;

  // Changes
  /** Returns the summaries after the change of the messages that changed or already were so, and the uids refused by `unchangedSince`. */
  setKeywords(
    context: RequestContext,
    mailbox: MailboxRef,
    ranges: readonly UidRange[],
    change: KeywordChange,
  ): Promise<{ readonly changed: readonly ChangedMessage[]; readonly modified: readonly Uid[] }>;
  copy(
    context: RequestContext,
    source: MailboxRef,
    ranges: readonly UidRange[],
    target: MailboxId,
  ): Promise<CopiedUids>;
  move(
    context: RequestContext,
    source: MailboxRef,
    ranges: readonly UidRange[],
    target: MailboxId,
  ): Promise<CopiedUids>;
  /** Removes messages of the ranges that carry `$deleted`, or all of the ranges when `any`. Returns uids removed, ascending. */
  expunge(
    context: RequestContext,
    mailbox: MailboxRef,
    ranges: readonly UidRange[],
    options?: { readonly any?: boolean },
  ): Promise<{ readonly uids: readonly Uid[]; readonly modSeq: ModSeq }>;

  /** Called after a change is durable, once per account and commit. Returns the unsubscribe. */
  watch(accountId: AccountId, listener: (change: AccountChange) => void): () => void;

  /** Who else may do what with a mailbox. */
  readonly sharing: MailboxSharing;
  /** Named values of accounts and mailboxes. */
  readonly annotations: AccountAnnotations;
  /** Sieve scripts, and what accounts remember. */
  readonly scripts: AccountScripts;

  // Outbound queue
  queueDue(now: number, limit: number): Promise<readonly QueueEntry[]>;
  queueEntries(filter: {
    readonly partnerId?: string;
    readonly after?: number;
    readonly limit: number;
  }): Promise<readonly QueueEntry[]>;
  /** Outcomes, plus new messages that follow from them (a bounce), in one commit. */
  queueUpdate(
    context: RequestContext,
    updates: readonly QueueUpdate[],
    deliveries?: readonly Delivery[],
  ): Promise<void>;
  /** Called when entries were added, with the earliest time one is due. */
  watchQueue(listener: (dueAt: number) => void): () => void;

  // Usage outbox
  usagePending(limit: number): Promise<readonly StoreUsageEvent[]>;
  usageConfirm(ids: readonly string[]): Promise<void>;
  /** Bytes stored per partner: the storage gauge. */
  usageBytes(): Promise<readonly StoredBytes[]>;

  /** Figures for metrics and health; never waits for the commit loop. */
  health(): MailStoreHealth;
  /** Finishes what is in flight, then closes and releases the storage lock. Idempotent. */
  close(): Promise<void>;
  /** Resolves with the reason when the volume ended by itself (failed sync, lost lock). */
  readonly failed: Promise<Error>;
}

export interface MailStoreHealth {
  readonly writable: boolean;
  readonly commits: number;
  readonly messagesStored: number;
  readonly pendingOperations: number;
  readonly lastCommitMs: number;
  readonly lastSyncMs: number;
  readonly upkeep: UpkeepFigures;
  readonly textIndex: TextIndexFigures;
}
