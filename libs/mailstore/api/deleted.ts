import type { Envelope } from '#protocol/message';
import type { RequestContext } from '#stdx';
import type { AccountId, BlobId, MailboxId, MessageId, Uid } from './model.ts';

/** A message that was expunged, or went with its mailbox, and can still be had back. */
export interface DeletedMessage {
  readonly messageId: MessageId;
  readonly blobId: BlobId;
  readonly size: number;
  /** As it was. */
  readonly keywords: readonly string[];
  /** Milliseconds since the epoch. */
  readonly internalDate: number;
  /** Milliseconds since the epoch. */
  readonly deletedAt: number;
  /** Where it was, and what that was called then. */
  readonly mailboxId: MailboxId;
  readonly mailbox: string;
  readonly envelope: Envelope;
  readonly preview: string;
}

export interface DeletedFilter {
  /** Deleted at or after; milliseconds since the epoch. */
  readonly since?: number;
  /** The last one of the page before. */
  readonly after?: Pick<DeletedMessage, 'deletedAt' | 'messageId'>;
  readonly limit: number;
}

/** Where a restored message is now. */
export interface RestoredMessage {
  readonly messageId: MessageId;
  readonly mailboxId: MailboxId;
  readonly uid: Uid;
}

/**
 * Deleted messages are kept for `deletedKeepMs`, or until the storage needs their room. They count neither against the account's quota nor
 * in what is billed as stored: the window is the house's promise, not the user's mail.
 */
export interface DeletedMail {
  /** Newest first. */
  listDeleted(context: RequestContext, accountId: AccountId, filter: DeletedFilter): Promise<readonly DeletedMessage[]>;
  /**
   * Puts messages back where they were, under new uids: those named, or all deleted at or after `since`, oldest
   * first, at most `limit` of them. A mailbox that is gone is made
   * again under its old name. Keywords come back without `$deleted`; ids that are not there are left out. Rejects `overQuota`: what was
   * restored until then stays.
   */
  restoreDeleted(
    context: RequestContext,
    accountId: AccountId,
    which: { readonly messageIds: readonly MessageId[] } | { readonly since: number; readonly limit?: number },
  ): Promise<readonly RestoredMessage[]>;
}
