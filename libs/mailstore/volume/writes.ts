import {
  type AccountId,
  type AccountInfo,
  type AccountSpec,
  type AppendItem,
  type ChangedMessage,
  type CopiedUids,
  canonicalKeywords,
  type Delivery,
  type DeliveryOutcome,
  type KeywordChange,
  type Mailbox,
  type MailboxId,
  type MailboxRef,
  type MailboxRole,
  MailStoreError,
  type MailStoreLimits,
  type MessageId,
  type ModSeq,
  normalRanges,
  type QueueUpdate,
  type ReplacedMessage,
  type Uid,
  type UidRange,
} from '#mailstore/api';
import { present, type RequestContext } from '#stdx';
import type { CommitLoop } from './commit-loop.ts';
import { assertQueueRoom, deliver, type PreparedDelivery, prepareDelivery } from './delivery.ts';
import type { Edit } from './edit.ts';
import { beginRename, createMailbox, deleteMailbox, type Rename, renameTree, setSubscribed } from './mailboxes.ts';
import { addMessage, changeKeywords, copyRows, moveRows, removeRows, roomFor, selectRows } from './messages.ts';
import { WHOLE_ACCOUNT } from './purge.ts';
import { updateQueue } from './queue.ts';
import { piecesOf, spanAtMost } from './ranges.ts';
import type { Reads } from './reads.ts';
import { accountInfo, type MailboxRow, mailboxView } from './rows.ts';
import type { VolumeSettings } from './settings.ts';
import type { StagedContent, Staging } from './staging.ts';
import { confirmUsage } from './usage.ts';

type Removed = { readonly uids: readonly Uid[]; readonly modSeq: ModSeq };

/**
 * Everything that changes the volume, as operations of the commit loop. A change of many messages is cut into pieces, each a commit of its own, so that it does not hold the event loop; what one piece did stays done when a later
 * one fails, except for COPY, which takes its copies back (RFC 9051 §6.4.7).
 */
export class Writes {
  constructor(
    private readonly loop: CommitLoop,
    private readonly reads: Reads,
    private readonly staging: Staging,
    private readonly limits: MailStoreLimits,
    private readonly settings: VolumeSettings,
    private readonly volumeId: string,
  ) {}

  async ensureAccount(context: RequestContext, spec: AccountSpec): Promise<AccountInfo> {
    return this.commit((edit) => {
      const known = edit.ownerOf(spec.accountId) ?? spec.partnerId;
      const { partnerId } = context;
      if (partnerId !== undefined && (partnerId !== spec.partnerId || partnerId !== known))
        throw new MailStoreError('accountNotFound');
      return accountInfo(edit.ensureAccount(spec).row);
    });
  }

  async removeAccount(context: RequestContext, accountId: AccountId): Promise<void> {
    await this.commit((edit) => {
      // Also one that is held, or has not been admitted: a move's last step, or its end.
      const account = edit.anyAccount(context, accountId);
      if (!account) throw new MailStoreError('accountNotFound');
      const { index } = edit.scope;
      const { number, messages } = account.row;
      const sql = 'SELECT id FROM mailbox WHERE account = ?';
      for (const { id } of index.all<{ id: number }>(sql, number)) account.changedMailboxes.add(id);
      const modSeq = edit.touch(account);
      account.mailboxList = true;
      account.reshaped = true;
      edit.messagesDelta -= messages;
      index.run('DELETE FROM account WHERE number = ?', number);
      index.run('DELETE FROM purge WHERE account = ?', number);
      index.run('INSERT INTO purge (account, mailbox, mod_seq) VALUES (?, ?, ?)', number, WHOLE_ACCOUNT, modSeq);
    });
  }

  async deliver(deliveries: readonly Delivery[]): Promise<readonly (readonly DeliveryOutcome[])[]> {
    const prepared = this.prepare(deliveries);
    return this.grow(
      (edit) => {
        assertQueueRoom(edit, prepared);
        return deliver(edit, prepared);
      },
      prepared.map(({ content }) => content),
    );
  }

  async append(
    context: RequestContext,
    ref: MailboxRef,
    items: readonly AppendItem[],
    replaces?: ReplacedMessage,
  ): Promise<readonly { readonly uid: Uid; readonly messageId: MessageId }[]> {
    const prepared = items.map(({ message, keywords, internalDate }) => ({
      content: this.staging.content(message),
      keywords: canonicalKeywords(keywords, this.limits),
      internalDate: Math.floor(internalDate),
    }));
    const contents = prepared.map(({ content }) => content);
    return this.grow((edit) => {
      const account = edit.account(context, ref.accountId);
      const mailbox = edit.mailboxById(account, ref.mailboxId);
      const from = replaces && edit.mailboxById(account, replaces.mailboxId);
      const replaced = from && replaces ? selectRows(edit, from, [{ first: replaces.uid, last: replaces.uid }]) : [];
      if (replaces && replaced.length === 0) throw new MailStoreError('messageNotFound');
      const bytes = contents.reduce((sum, { size }) => sum + size, 0);
      const refusal = roomFor(edit, account, mailbox, items.length, bytes, replaced[0]);
      if (refusal) throw new MailStoreError(refusal);
      if (from) removeRows(edit, account, from, replaced, true);
      return prepared.map((item) => addMessage(edit, account, mailbox, item));
    }, contents);
  }

  async createMailbox(
    context: RequestContext,
    accountId: AccountId,
    name: string,
    options: { readonly role?: MailboxRole; readonly subscribed?: boolean },
  ): Promise<Mailbox> {
    return this.grow((edit) => createMailbox(edit, context, accountId, name, options));
  }

  async renameMailbox(context: RequestContext, accountId: AccountId, from: string, to: string): Promise<Mailbox> {
    const { mailbox, inboxId } = await this.commit((edit) => {
      const rename = beginRename(edit, context, accountId, from, to);
      if (rename.from.role !== 'inbox') return { mailbox: renameTree(edit, rename), inboxId: undefined };
      return { mailbox: this.beginEmptyingInbox(edit, rename), inboxId: rename.from.id };
    });
    if (inboxId === undefined || mailbox.messages < this.settings.bulkMessagesMax) return mailbox;
    await this.move(context, { accountId, mailboxId: inboxId }, [{ first: 1, last: Infinity }], mailbox.id);
    return this.reads.mailbox(context, accountId, mailbox.id);
  }

  async deleteMailbox(context: RequestContext, accountId: AccountId, name: string): Promise<void> {
    await this.commit((edit) => deleteMailbox(edit, context, accountId, name));
  }

  async setSubscribed(context: RequestContext, accountId: AccountId, name: string, subscribed: boolean): Promise<void> {
    await this.commit((edit) => setSubscribed(edit, context, accountId, name, subscribed));
  }

  async claimRecent(context: RequestContext, ref: MailboxRef): Promise<Uid> {
    const { recentUid, uidNext } = await this.reads.recentUid(context, ref);
    if (recentUid === uidNext) return uidNext;
    return this.commit((edit) => {
      const account = edit.account(context, ref.accountId);
      const mailbox = edit.mailboxById(account, ref.mailboxId);
      const claimed = mailbox.recentUid;
      mailbox.recentUid = mailbox.uidNext;
      const sql = 'UPDATE mailbox SET recent_uid = ? WHERE account = ? AND id = ?';
      edit.scope.index.run(sql, mailbox.uidNext, mailbox.account, mailbox.id);
      return claimed;
    });
  }

  async setKeywords(
    context: RequestContext,
    ref: MailboxRef,
    ranges: readonly UidRange[],
    change: KeywordChange,
  ): Promise<{ readonly changed: readonly ChangedMessage[]; readonly modified: readonly Uid[] }> {
    const canonical = { ...change, keywords: canonicalKeywords(change.keywords, this.limits) };
    const changed: ChangedMessage[] = [];
    const modified: Uid[] = [];
    for await (const piece of this.pieces(context, ref, ranges, this.settings.markedMessagesMax)) {
      const done = await this.commit((edit) => {
        const account = edit.account(context, ref.accountId);
        const mailbox = edit.mailboxById(account, ref.mailboxId);
        return changeKeywords(edit, account, mailbox, selectRows(edit, mailbox, piece), canonical);
      });
      for (const each of done.changed) changed.push(each);
      for (const each of done.modified) modified.push(each);
    }
    return { changed, modified };
  }

  async copy(
    context: RequestContext,
    source: MailboxRef,
    ranges: readonly UidRange[],
    target: MailboxId,
  ): Promise<CopiedUids> {
    const to: MailboxRef = { accountId: source.accountId, mailboxId: target };
    let copied: CopiedUids | undefined;
    for await (const piece of this.pieces(context, source, ranges, this.settings.bulkMessagesMax)) {
      try {
        copied = joined(copied, await this.transfer(context, source, piece, target, 'copy'));
      } catch (error) {
        const uids = copied?.target ?? [];
        if (uids.length > 0)
          await this.expunge(
            context,
            to,
            uids.map((uid) => ({ first: uid, last: uid })),
            { any: true, kept: false },
          );
        throw error;
      }
    }
    return present(copied, 'a piece');
  }

  async move(
    context: RequestContext,
    source: MailboxRef,
    ranges: readonly UidRange[],
    target: MailboxId,
  ): Promise<CopiedUids> {
    let moved: CopiedUids | undefined;
    for await (const piece of this.pieces(context, source, ranges, this.settings.bulkMessagesMax))
      moved = joined(moved, await this.transfer(context, source, piece, target, 'move'));
    return present(moved, 'a piece');
  }

  /** `kept`: what is removed can be restored for a while. */
  async expunge(
    context: RequestContext,
    ref: MailboxRef,
    ranges: readonly UidRange[],
    { any, kept }: { readonly any: boolean; readonly kept: boolean },
  ): Promise<Removed> {
    const uids: Uid[] = [];
    let modSeq: ModSeq = 0;
    for await (const piece of this.pieces(context, ref, ranges, this.settings.bulkMessagesMax)) {
      const removed = await this.commit((edit): Removed => {
        const account = edit.account(context, ref.accountId);
        const mailbox = edit.mailboxById(account, ref.mailboxId);
        const rows = selectRows(edit, mailbox, piece, any ? '' : "AND instr(keywords, ' $deleted ') > 0");
        removeRows(edit, account, mailbox, rows, kept);
        return { uids: rows.map(({ uid }) => uid), modSeq: mailbox.modSeq };
      });
      uids.push(...removed.uids);
      modSeq = removed.modSeq;
    }
    return { uids, modSeq };
  }

  async queueUpdate(updates: readonly QueueUpdate[], deliveries: readonly Delivery[]): Promise<void> {
    const prepared = this.prepare(deliveries);
    const run = (edit: Edit): void => {
      assertQueueRoom(edit, prepared);
      updateQueue(edit, updates);
      deliver(edit, prepared);
    };
    // Outcomes alone make the volume smaller.
    await (prepared.length === 0
      ? this.commit(run)
      : this.grow(
          run,
          prepared.map(({ content }) => content),
        ));
  }

  async usageConfirm(ids: readonly string[]): Promise<void> {
    if (ids.length > 0) await this.commit((edit) => confirmUsage(edit, this.volumeId, ids));
  }

  private prepare(deliveries: readonly Delivery[]): readonly PreparedDelivery[] {
    return deliveries.map((delivery) => prepareDelivery(delivery, this.staging.content(delivery.message), this.limits));
  }

  private commit<T>(run: (edit: Edit) => T): Promise<T> {
    return this.loop.submit({ run, contents: [], grows: false });
  }

  /** A commit that makes the volume larger. */
  private grow<T>(run: (edit: Edit) => T, contents: readonly StagedContent[] = []): Promise<T> {
    return this.loop.submit({ run, contents, grows: true });
  }

  /** One piece of a COPY or MOVE. */
  private transfer(
    context: RequestContext,
    source: MailboxRef,
    ranges: readonly UidRange[],
    target: MailboxId,
    kind: 'copy' | 'move',
  ): Promise<CopiedUids> {
    const run = (edit: Edit): CopiedUids => {
      const account = edit.account(context, source.accountId);
      const from = edit.mailboxById(account, source.mailboxId);
      const to = edit.mailboxById(account, target);
      const rows = selectRows(edit, from, ranges);
      const uids = kind === 'move' ? moveRows(edit, account, from, to, rows) : copyRows(edit, account, to, rows);
      return {
        ...{ mailboxId: target, uidValidity: to.uidValidity, source: rows.map(({ uid }) => uid) },
        ...{ target: uids, modSeq: account.row.modSeq },
      };
    };
    return kind === 'copy' ? this.grow(run) : this.commit(run);
  }

  /** RFC 9051 §6.3.6: the new mailbox, and as much of INBOX as one commit moves: mostly all. */
  private beginEmptyingInbox(edit: Edit, { account, from, target }: Rename): Mailbox {
    const to: MailboxRow = edit.addMailbox(account, target, null);
    const rows = selectRows(edit, from, [{ first: 1, last: from.uidNext }], '', this.settings.bulkMessagesMax);
    moveRows(edit, account, from, to, rows);
    return mailboxView(to, edit.isSubscribed(account, target));
  }

  /** At least one, so that who is asked for nothing is still looked for. What comes while they are worked on is in none. */
  private async *pieces(
    context: RequestContext,
    ref: MailboxRef,
    ranges: readonly UidRange[],
    size: number,
  ): AsyncIterable<readonly UidRange[]> {
    const normal = normalRanges(ranges);
    if (spanAtMost(normal, size)) yield normal;
    else {
      const { nth, lastUid } = await this.reads.uidFinder(context, ref);
      const known = normal.filter(({ first }) => first <= lastUid);
      yield* piecesOf(
        known.map(({ first, last }) => ({ first, last: Math.min(last, lastUid) })),
        size,
        nth,
      );
    }
  }
}

function joined(before: CopiedUids | undefined, after: CopiedUids): CopiedUids {
  if (!before) return after;
  return {
    ...after,
    source: [...before.source, ...after.source],
    target: [...before.target, ...after.target],
  };
}
