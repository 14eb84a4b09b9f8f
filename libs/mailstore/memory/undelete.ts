import {
  type AccountId,
  canonicalMailboxName,
  type DeletedFilter,
  type DeletedMail,
  type DeletedMessage,
  MailStoreError,
  type MessageId,
  parentNames,
  type RestoredMessage,
} from '#mailstore/api';
import { present, type RequestContext } from '#stdx';
import { place, roomFor } from './messages.ts';
import type { Account, Box, Deleted, MemoryState, Touch } from './state.ts';

/** Deleted messages, in memory: their time is looked at when they are. */
export class MemoryDeleted implements DeletedMail {
  constructor(private readonly state: MemoryState) {}

  async listDeleted(
    context: RequestContext,
    accountId: AccountId,
    { since = 0, after, limit }: DeletedFilter,
  ): Promise<readonly DeletedMessage[]> {
    const account = this.state.account(context, accountId);
    const isAfter = ({ at, message }: Deleted): boolean =>
      !after || at < after.deletedAt || (at === after.deletedAt && message.messageId < after.messageId);
    return this.living(account)
      .filter((each) => each.at >= since && isAfter(each))
      .sort((a, b) => b.at - a.at || b.message.messageId - a.message.messageId)
      .slice(0, limit)
      .map(view);
  }

  async restoreDeleted(
    context: RequestContext,
    accountId: AccountId,
    which: { readonly messageIds: readonly MessageId[] } | { readonly since: number; readonly limit?: number },
  ): Promise<readonly RestoredMessage[]> {
    const account = this.state.account(context, accountId);
    const wanted = this.living(account)
      .filter(({ at, message }) =>
        'since' in which ? at >= which.since : which.messageIds.includes(message.messageId),
      )
      .sort((a, b) => a.at - b.at || a.message.messageId - b.message.messageId)
      .slice(0, 'since' in which ? (which.limit ?? Infinity) : Infinity);
    if (wanted.length === 0) return [];
    const bytes = wanted.reduce((sum, { message }) => sum + message.size, 0);
    const refusal = roomFor(this.state, account, undefined, wanted.length, bytes);
    if (refusal) throw new MailStoreError(refusal);
    const touch = this.state.touch(account);
    const restored = wanted.map((each) => this.restore(touch, each));
    this.state.publish([touch]);
    return restored;
  }

  private restore(touch: Touch, { message, mailboxId, mailbox }: Deleted): RestoredMessage {
    const { account } = touch;
    const box = account.mailboxes.get(mailboxId) ?? this.named(touch, mailbox);
    const keywords = message.keywords.filter((keyword) => keyword !== '$deleted');
    const { uid } = place(touch, box, { ...message, keywords, savedDate: touch.at });
    account.deleted.delete(message.messageId);
    return { messageId: message.messageId, mailboxId: box.id, uid };
  }

  private named(touch: Touch, name: string): Box {
    const { state } = this;
    const { account } = touch;
    const canonical = canonicalMailboxName(name, state.limits);
    for (const each of [...parentNames(canonical), canonical]) {
      if (state.boxNamed(account, each)) continue;
      state.addMailbox(touch, each, null);
      account.subscriptions.add(each);
    }
    return present(state.boxNamed(account, canonical), 'mailbox just made');
  }

  /** Those whose time is not over; the others go. */
  private living(account: Account): Deleted[] {
    const oldest = this.state.clock.now() - this.state.limits.deletedKeepMs;
    for (const { at, message } of [...account.deleted.values()]) {
      if (at >= oldest) continue;
      account.deleted.delete(message.messageId);
      this.state.release(message.blobId);
    }
    return [...account.deleted.values()];
  }
}

function view({ message, mailboxId, mailbox, at }: Deleted): DeletedMessage {
  const { messageId, blobId, size, keywords, internalDate, preview, parsed } = message;
  return {
    ...{ messageId, blobId, size, keywords, internalDate, deletedAt: at, mailboxId, mailbox },
    ...{ envelope: parsed.envelope, preview },
  };
}
