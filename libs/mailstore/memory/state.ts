import {
  type AccountChange,
  type AccountId,
  type AccountInfo,
  type AccountSpec,
  type AnnotatedEntry,
  actsAbroad,
  type BlobId,
  defaultMailStoreLimits,
  initialMailboxes,
  lookupName,
  type Mailbox,
  type MailboxId,
  type MailboxRef,
  type MailboxRole,
  MailStoreError,
  type MailStoreLimits,
  type MessageId,
  type ModSeq,
  type QueueEntry,
  type StoredMessage,
  type StoredScript,
  type StoreUsageEvent,
  type TransferVanished,
  type Uid,
} from '#mailstore/api';
import type { ParsedMessage } from '#protocol/message';
import type { Clock, RequestContext } from '#stdx';

export interface Blob {
  readonly bytes: Buffer;
  readonly parsed: ParsedMessage;
  /** Messages and queue entries that hold it. */
  references: number;
}

export interface Message extends Omit<StoredMessage, 'envelope' | 'body'> {
  readonly createdModSeq: ModSeq;
  readonly parsed: ParsedMessage;
}

/** A mailbox as kept. Counters are taken from `messages` when asked for. */
export interface Box {
  readonly id: MailboxId;
  readonly uidValidity: number;
  readonly createdModSeq: ModSeq;
  role: MailboxRole | null;
  name: string;
  uidNext: Uid;
  modSeq: ModSeq;
  recentUid: Uid;
  /** Ascending uid: uids only rise, and a Map keeps its order. */
  readonly messages: Map<Uid, Message>;
  readonly vanished: Omit<TransferVanished, 'gone'>[];
  /** Rights of others, by account id or 'anyone'. */
  readonly shares: Map<string, string>;
}

export interface KeptAnnotation {
  /** 0: the account's own. */
  readonly mailbox: MailboxId;
  /** '': shared; else whose private one it is. */
  readonly owner: string;
  readonly entry: string;
  readonly value: Buffer;
}

export interface Account {
  spec: AccountSpec;
  modSeq: ModSeq;
  nextMailboxId: MailboxId;
  nextMessageId: MessageId;
  lastUidValidity: number;
  usedBytes: number;
  readonly mailboxes: Map<MailboxId, Box>;
  readonly subscriptions: Set<string>;
  readonly scripts: Map<number, StoredScript>;
  /** By `annotationKey`. */
  annotations: Map<string, KeptAnnotation>;
  readonly goneScripts: { readonly id: number; readonly modSeq: ModSeq }[];
  /** By key. */
  readonly memories: Map<string, { readonly until: number; readonly modSeq: ModSeq }>;
  /** Message-ID → thread. */
  readonly threads: Map<string, string>;
  standing: 'open' | 'arriving' | 'held';
  /** Messages of a copy that have no place yet. */
  readonly unplaced: Map<MessageId, Unplaced>;
  /** Messages that can be restored, oldest deletion first. */
  readonly deleted: Map<MessageId, Deleted>;
}

export interface Deleted {
  readonly message: Message;
  readonly mailboxId: MailboxId;
  readonly mailbox: string;
  readonly modSeq: ModSeq;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** What a message is, wherever it is. */
export type Unplaced = Pick<Message, 'messageId' | 'blobId' | 'size' | 'threadId' | 'preview' | 'parsed'>;

/** What one commit did to one account; published when the commit is done. */
export interface Touch {
  readonly account: Account;
  readonly modSeq: ModSeq;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly mailboxes: Set<MailboxId>;
  mailboxList: boolean;
  readonly annotated: AnnotatedEntry[];
}

/** Everything the memory engine holds. Rooms change it synchronously, so each method is one commit. */
export class MemoryState {
  readonly accounts = new Map<AccountId, Account>();
  readonly blobs = new Map<BlobId, Blob>();
  readonly queue = new Map<number, QueueEntry>();
  readonly usage = new Map<string, StoreUsageEvent>();
  readonly watchers = new Map<AccountId, Set<(change: AccountChange) => void>>();
  readonly queueWatchers = new Set<(dueAt: number) => void>();
  readonly limits: MailStoreLimits;
  closed = false;
  commits = 0;
  private queueIds = 0;
  private usageIds = 0;

  constructor(
    readonly volumeId: string,
    readonly epoch: number,
    readonly clock: Clock,
    limits: Partial<MailStoreLimits>,
  ) {
    this.limits = { ...defaultMailStoreLimits, ...limits };
  }

  nextQueueId(): number {
    return ++this.queueIds;
  }

  recordUsage(event: Omit<StoreUsageEvent, 'id'>): void {
    const id = `${this.volumeId}~${this.epoch}~${++this.usageIds}`;
    this.usage.set(id, { id, ...event });
  }

  account(context: RequestContext, accountId: AccountId): Account {
    this.assertOpen();
    const account = this.accounts.get(accountId);
    const hidden = context.partnerId !== undefined && context.partnerId !== account?.spec.partnerId;
    if (!account || hidden || actsAbroad(context, accountId) || account.standing === 'arriving')
      throw new MailStoreError('accountNotFound');
    return account;
  }

  ensureAccount(spec: AccountSpec): { readonly account: Account; readonly touch: Touch | undefined } {
    this.assertOpen();
    const known = this.accounts.get(spec.accountId);
    if (known) {
      assertChangeable(known);
      known.spec = spec;
      return { account: known, touch: undefined };
    }
    const account = this.insertAccount(spec, 'open');
    const touch = this.touch(account);
    for (const { name, role } of initialMailboxes) {
      this.addMailbox(touch, name, role);
      account.subscriptions.add(name);
    }
    return { account, touch };
  }

  /** A new account without mailboxes. */
  insertAccount(spec: AccountSpec, standing: Account['standing']): Account {
    const account: Account = {
      ...{ spec, standing, modSeq: 0, nextMailboxId: 1, nextMessageId: 1, lastUidValidity: 0, usedBytes: 0 },
      ...{ mailboxes: new Map(), subscriptions: new Set(), threads: new Map(), unplaced: new Map() },
      deleted: new Map(),
      ...{ scripts: new Map(), goneScripts: [], memories: new Map(), annotations: new Map() },
    };
    this.accounts.set(spec.accountId, account);
    return account;
  }

  /** Accounts that are here for everyone. */
  get admitted(): readonly Account[] {
    return [...this.accounts.values()].filter(({ standing }) => standing !== 'arriving');
  }

  forgetAccount({ spec, mailboxes, unplaced, deleted }: Account): void {
    for (const { messages } of mailboxes.values()) for (const { blobId } of messages.values()) this.release(blobId);
    for (const { blobId } of unplaced.values()) this.release(blobId);
    for (const { message } of deleted.values()) this.release(message.blobId);
    this.accounts.delete(spec.accountId);
  }

  box(context: RequestContext, { accountId, mailboxId }: MailboxRef): { readonly account: Account; readonly box: Box } {
    const account = this.account(context, accountId);
    const box = account.mailboxes.get(mailboxId);
    if (!box) throw new MailStoreError('mailboxNotFound');
    return { account, box };
  }

  boxNamed(account: Account, name: string): Box | undefined {
    const wanted = lookupName(name, this.limits);
    for (const box of account.mailboxes.values()) if (box.name === wanted) return box;
    return undefined;
  }

  addMailbox(touch: Touch, name: string, role: MailboxRole | null): Box {
    const { account, modSeq } = touch;
    if (account.mailboxes.size >= this.limits.mailboxesMax) throw new MailStoreError('limitExceeded', 'mailboxes');
    // RFC 9051 §2.3.1.1 suggests the time; one more than the last makes it unique when mailboxes come quickly.
    const uidValidity = Math.max(Math.floor(this.clock.now() / 1000) >>> 0, account.lastUidValidity + 1);
    account.lastUidValidity = uidValidity;
    const slash = name.lastIndexOf('/');
    const parent = slash < 0 ? undefined : this.boxNamed(account, name.slice(0, slash));
    const box: Box = {
      id: account.nextMailboxId++,
      uidValidity,
      createdModSeq: modSeq,
      role,
      name,
      uidNext: 1,
      modSeq,
      recentUid: 1,
      messages: new Map(),
      vanished: [],
      // RFC 4314 §5.1.1: a new mailbox is shared as its parent is.
      shares: new Map(parent?.shares),
    };
    account.mailboxes.set(box.id, box);
    touch.mailboxes.add(box.id);
    touch.mailboxList = true;
    return box;
  }

  /** Opens a change to the account: takes its next modSeq. Call it once per commit, after everything that can refuse. */
  touch(account: Account): Touch {
    assertChangeable(account);
    account.modSeq += 1;
    return {
      account,
      modSeq: account.modSeq,
      at: this.clock.now(),
      mailboxes: new Set(),
      mailboxList: false,
      annotated: [],
    };
  }

  /** Ends the commit: watchers hear of it after the caller's promise could have resolved, as with an engine that syncs. */
  publish(touches: Iterable<Touch | undefined>, queueDueAt?: number): void {
    this.commits += 1;
    for (const touch of touches) {
      if (!touch) continue;
      const { accountId } = touch.account.spec;
      const change = {
        accountId,
        modSeq: touch.modSeq,
        mailboxes: [...touch.mailboxes],
        mailboxList: touch.mailboxList,
        annotated: touch.annotated,
      };
      for (const listener of this.watchers.get(accountId) ?? []) tell(() => listener(change));
    }
    if (queueDueAt === undefined) return;
    for (const listener of this.queueWatchers) tell(() => listener(queueDueAt));
  }

  retain(blobId: BlobId, blob: Omit<Blob, 'references'>): void {
    const held = this.blobs.get(blobId);
    if (held) held.references += 1;
    else this.blobs.set(blobId, { ...blob, references: 1 });
  }

  release(blobId: BlobId): void {
    const blob = this.blobs.get(blobId);
    if (!blob) return;
    blob.references -= 1;
    if (blob.references === 0) this.blobs.delete(blobId);
  }

  assertOpen(): void {
    if (this.closed) throw new MailStoreError('unavailable', 'store is closed');
  }
}

/** An account that moves refuses every change. */
export function assertChangeable({ standing }: Account): void {
  if (standing !== 'open') throw new MailStoreError('stale', 'the account is moving to or from another volume');
}

/** A listener that throws harms neither its neighbours nor the commit it is told of. */
function tell(call: () => void): void {
  queueMicrotask(() => {
    try {
      call();
    } catch {
      // Nothing here to log it with; the volume engine does.
    }
  });
}

export function accountInfo(account: Account): AccountInfo {
  let messages = 0;
  for (const box of account.mailboxes.values()) messages += box.messages.size;
  return { ...account.spec, modSeq: account.modSeq, usedBytes: account.usedBytes, messages };
}

export function mailboxView(account: Account, box: Box): Mailbox {
  const count = { unseen: 0, deleted: 0, sizeBytes: 0 };
  for (const { keywords, size } of box.messages.values()) {
    if (!keywords.includes('$seen')) count.unseen += 1;
    if (keywords.includes('$deleted')) count.deleted += 1;
    count.sizeBytes += size;
  }
  const { id, name, role, uidValidity, uidNext, modSeq, recentUid, createdModSeq, messages } = box;
  const subscribed = account.subscriptions.has(name);
  return {
    ...{ id, name, role, subscribed, uidValidity, uidNext, modSeq, recentUid, createdModSeq },
    ...count,
    messages: messages.size,
  };
}
