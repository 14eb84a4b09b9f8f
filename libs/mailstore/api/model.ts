import type { BodyPart, Envelope } from '#protocol/message';

/** UUID of the account, from the directory. */
export type AccountId = string;
/** Unique within its account, never reused. */
export type MailboxId = number;
/** Unique within its account, never reused. JMAP's Email id. */
export type MessageId = number;
/** RFC 9051 §2.3.1.1: rises within a mailbox, never reused under one uidValidity. 1 … 2^32-1. */
export type Uid = number;
/** One counter an account, raised once per commit that touches it. Below 2^53. */
export type ModSeq = number;
/** SHA-256 of the bytes, hex. */
export type BlobId = string;

/** Inclusive. `last` may be `Infinity` for `*` in "5:*". */
export interface UidRange {
  readonly first: Uid;
  readonly last: Uid;
}

/** RFC 8457, RFC 6154 special uses, plus inbox. */
export type MailboxRole = 'inbox' | 'drafts' | 'sent' | 'junk' | 'trash' | 'archive' | 'all' | 'flagged' | 'important';

export interface AccountInfo {
  readonly accountId: AccountId;
  /** Primary address, for logs and exports. */
  readonly email: string;
  readonly partnerId: string;
  /** Highest modSeq given out. */
  readonly modSeq: ModSeq;
  /** 0 = unlimited. */
  readonly quotaBytes: number;
  readonly usedBytes: number;
  readonly messages: number;
}

/** What a caller knows of an account when it first reaches the volume. Creation is idempotent and part of the first commit. */
export interface AccountSpec {
  readonly accountId: AccountId;
  readonly email: string;
  readonly partnerId: string;
  readonly quotaBytes: number;
}

export interface Mailbox {
  readonly id: MailboxId;
  /** Unicode, levels separated by `/`, NFC. The inbox is `INBOX`. At most 1,000 bytes of UTF-8, 20 levels. */
  readonly name: string;
  readonly role: MailboxRole | null;
  readonly subscribed: boolean;
  /** RFC 9051 §2.3.1.1; non-zero 32-bit. */
  readonly uidValidity: number;
  readonly uidNext: Uid;
  /** Highest modSeq of any change in it (HIGHESTMODSEQ). */
  readonly modSeq: ModSeq;
  readonly messages: number;
  readonly unseen: number;
  /** Messages with keyword `$deleted` (STATUS DELETED). */
  readonly deleted: number;
  /** Sum of message sizes (STATUS=SIZE). */
  readonly sizeBytes: number;
  /** First uid no session has claimed as recent yet (IMAP4rev1 \Recent). */
  readonly recentUid: Uid;
  readonly createdModSeq: ModSeq;
}

export interface MailboxRef {
  readonly accountId: AccountId;
  readonly mailboxId: MailboxId;
}

/**
 * What marks a message in one mailbox. Keywords are JMAP-style and lower case for the system ones: `$seen $answered
 * $flagged $draft $deleted $forwarded $junk $notjunk …`; IMAP's view maps `\Seen` to `$seen` and so on.
 */
export interface MessageFlags {
  readonly uid: Uid;
  readonly modSeq: ModSeq;
  /** Messages with the same ones mostly share one frozen array. */
  readonly keywords: readonly string[];
}

/** A message as seen in one mailbox. */
export interface MessageSummary extends MessageFlags {
  readonly messageId: MessageId;
}

export interface StoredMessage extends MessageSummary {
  readonly blobId: BlobId;
  readonly size: number;
  /** Milliseconds since the epoch (INTERNALDATE). */
  readonly internalDate: number;
  /** When it entered this mailbox (RFC 8514). */
  readonly savedDate: number;
  readonly threadId: string;
  readonly preview: string;
  /** Present when asked for by `MessageFields`. */
  readonly envelope?: Envelope;
  readonly body?: BodyPart;
}

/** A message as lists show it, nothing of it decoded. */
export interface ListedMessage extends MessageFlags {
  readonly size: number;
  /** Milliseconds since the epoch (INTERNALDATE). */
  readonly internalDate: number;
  /** When it entered this mailbox (RFC 8514). */
  readonly savedDate: number;
  /** The Date field as milliseconds since the epoch; `null` when absent or unreadable. */
  readonly sentAt: number | null;
  /** Present when asked for by `MessageFields`; packed (`packEnvelope`, `packBody` of `#protocol/message`). */
  readonly envelope?: string;
  readonly body?: string;
}

/** What to read besides the summary; each costs I/O or parsing, so ask for what you show. */
export interface MessageFields {
  readonly envelope?: boolean;
  readonly body?: boolean;
}

/** What changed in a mailbox after a modSeq (tombstones make `vanished` exact for at least 30 days). */
export interface MailboxChanges {
  readonly modSeq: ModSeq;
  readonly uidNext: Uid;
  /** Created or with keywords changed since, ascending uid. */
  readonly changed: readonly (MessageSummary & { readonly created: boolean })[];
  /** Expunged or moved away since, ascending, with the modSeq it happened at. */
  readonly vanished: readonly { readonly uid: Uid; readonly modSeq: ModSeq }[];
  /** False when tombstones that old are gone: `vanished` is then every uid below uidNext that is not there. */
  readonly exact: boolean;
}

/** Published after a commit is durable. Mailboxes that changed, with their new modSeq; `null` names the mailbox list itself. */
export interface AccountChange {
  readonly accountId: AccountId;
  readonly modSeq: ModSeq;
  readonly mailboxes: readonly MailboxId[];
  /** A mailbox was created, renamed, deleted or (un)subscribed. */
  readonly mailboxList: boolean;
  readonly annotated: readonly AnnotatedEntry[];
}

/** An annotation that was set or removed. */
export interface AnnotatedEntry {
  /** 0 for the account's own. */
  readonly mailboxId: MailboxId;
  readonly entry: string;
  /** Whose private one it is; '' for a shared one. */
  readonly owner: AccountId;
}
