import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type AccountId,
  type AccountInfo,
  actsAbroad,
  type ListedMessage,
  lookupName,
  type Mailbox,
  type MailboxChanges,
  type MailboxId,
  type MailboxRef,
  MailStoreError,
  type MailStoreLimits,
  type MessageFields,
  type MessageFlags,
  type MessageSummary,
  type ModSeq,
  normalRanges,
  type StoredMessage,
  type Uid,
  type UidRange,
} from '#mailstore/api';
import { unpackBody, unpackEnvelope } from '#protocol/message';
import type { RequestContext } from '#stdx';
import type { Barrier } from './barrier.ts';
import { blobIdOf } from './blobs.ts';
import { flagRows } from './flag-rows.ts';
import type { IndexDb } from './index-db.ts';
import { type ListedTuple, listedOf, listedSql } from './listed-rows.ts';
import {
  ACCOUNT_COLUMNS,
  type AccountRow,
  accountInfo,
  keywordsOf,
  MAILBOX_COLUMNS,
  type MailboxRow,
  mailboxView,
} from './rows.ts';
import { threadId } from './threads.ts';
import { UID_SLICE, UidGatherer, UidLists } from './uid-lists.ts';

/** Rows read before others have their turn; each keeps the event loop for a few milliseconds at most. */
const SLICE = {
  accounts: 500,

  sizes: 5_000,
  flags: 5_000,
  listing: 1_000,
  messages: 200,
  changes: 2_000,
} as const;

const RANGES_A_TURN = 500;

type SummaryTuple = readonly [uid: number, message: number, modSeq: number, keywords: string];

/**
 * Everything that only looks. Each slice is one synchronous query, then waits at the reply barrier before it is handed
 * out; what the caller asked for is found anew in every slice, so that a mailbox deleted between two is not invented.
 */
export class Reads {
  private readonly uidLists: UidLists;

  constructor(
    private readonly index: IndexDb,
    private readonly barrier: Barrier,
    private readonly limits: MailStoreLimits,
    private readonly assertOpen: () => void,
  ) {
    this.uidLists = new UidLists(index);
  }

  async account(context: RequestContext, accountId: AccountId): Promise<AccountInfo> {
    return this.shown(accountId, () => accountInfo(this.accountRow(context, accountId)));
  }

  async *accounts({ partnerId }: RequestContext): AsyncIterable<readonly AccountInfo[]> {
    const mine = partnerId === undefined ? '' : 'AND partner_id = ?';
    const sql = `SELECT ${ACCOUNT_COLUMNS} FROM account
      WHERE number > ? AND standing <> 'arriving' ${mine} ORDER BY number LIMIT ${SLICE.accounts}`;
    for (let after = 0; ; ) {
      const parameters = partnerId === undefined ? [after] : [after, partnerId];
      const rows = await this.shown(undefined, () => this.index.all<AccountRow>(sql, ...parameters));
      if (rows.length > 0) yield rows.map(accountInfo);
      if (rows.length < SLICE.accounts) return;
      after = rows.at(-1)?.number ?? 0;
    }
  }

  async mailboxes(context: RequestContext, accountId: AccountId): Promise<readonly Mailbox[]> {
    return this.shown(accountId, () => {
      const { number } = this.accountRow(context, accountId);
      const subscribed = new Set(this.subscribedNames(number));
      return this.index
        .all<MailboxRow>(`SELECT ${MAILBOX_COLUMNS} FROM mailbox WHERE account = ? ORDER BY id`, number)
        .map((row) => mailboxView(row, subscribed.has(row.name)));
    });
  }

  async mailbox(context: RequestContext, accountId: AccountId, nameOrId: string | MailboxId): Promise<Mailbox> {
    return this.shown(accountId, () => {
      const { number } = this.accountRow(context, accountId);
      const row =
        typeof nameOrId === 'number'
          ? this.mailboxWhere('id = ?', number, nameOrId)
          : this.mailboxWhere('name = ?', number, lookupName(nameOrId, this.limits) ?? '');
      const sql = 'SELECT 1 AS found FROM subscription WHERE account = ? AND name = ?';
      return mailboxView(row, this.index.get(sql, number, row.name) !== undefined);
    });
  }

  async subscriptions(context: RequestContext, accountId: AccountId): Promise<readonly string[]> {
    return this.shown(accountId, () => this.subscribedNames(this.accountRow(context, accountId).number));
  }

  async recentUid(
    context: RequestContext,
    ref: MailboxRef,
  ): Promise<{ readonly recentUid: Uid; readonly uidNext: Uid }> {
    return this.shown(ref.accountId, () => this.mailboxRow(context, ref));
  }

  /** For cutting a mailbox's uids into pieces: its last one now, and from then on the nth (from 1) of those between two, if there are so many. */
  async uidFinder(
    context: RequestContext,
    ref: MailboxRef,
  ): Promise<{ readonly lastUid: Uid; readonly nth: (n: number, first: Uid, last: Uid) => Uid | undefined }> {
    const { account, id, uidNext } = await this.shown(ref.accountId, () => this.mailboxRow(context, ref));
    const sql = `SELECT uid FROM membership WHERE account = ? AND mailbox = ? AND uid BETWEEN ? AND ?
      ORDER BY uid LIMIT 1 OFFSET ?`;
    return {
      lastUid: uidNext - 1,
      nth: (n, first, last) => this.index.get<{ uid: Uid }>(sql, account, id, first, last, n - 1)?.uid,
    };
  }

  async uids(context: RequestContext, ref: MailboxRef): Promise<Uint32Array> {
    const [mailbox, known] = await this.shown(ref.accountId, () => {
      const row = this.mailboxRow(context, ref);
      return [row, this.uidLists.known(row)];
    });
    if (known) return known;
    const uids = new UidGatherer(mailbox.messages);
    for (let after = 0; ; await nextTurn()) {
      const slice = await this.shown(ref.accountId, () => this.uidLists.slice(mailbox, after));
      uids.add(slice);
      if (slice.length < UID_SLICE) break;
      after = slice.at(-1) ?? 0;
    }
    const all = uids.all();
    this.uidLists.keep(mailbox, all);
    return all;
  }

  async sizes(
    context: RequestContext,
    ref: MailboxRef,
  ): Promise<{ readonly uids: Uint32Array; readonly sizes: Uint32Array }> {
    const sql = `SELECT uid, size FROM membership
      WHERE account = ? AND mailbox = ? AND uid BETWEEN ? AND ? ORDER BY uid LIMIT ?`;
    const everything = [{ first: 1, last: Infinity }];
    const find = (account: number, mailbox: number, first: Uid, last: Uid, limit: number) =>
      this.index.tuples<[Uid, number]>(sql, account, mailbox, first, last, limit).map(([uid, size]) => ({ uid, size }));
    const found: { readonly uid: Uid; readonly size: number }[] = [];
    for await (const batch of this.paged(context, ref, everything, SLICE.sizes, find)) found.push(...batch);
    return { uids: Uint32Array.from(found, ({ uid }) => uid), sizes: Uint32Array.from(found, ({ size }) => size) };
  }

  flags(context: RequestContext, ref: MailboxRef, ranges: readonly UidRange[]): AsyncIterable<readonly MessageFlags[]> {
    return this.paged(context, ref, ranges, SLICE.flags, (account, mailbox, first, last, limit) =>
      flagRows(this.index, [account, mailbox, first, last, limit]),
    );
  }

  listing(
    context: RequestContext,
    ref: MailboxRef,
    ranges: readonly UidRange[],
    fields: MessageFields,
  ): AsyncIterable<readonly ListedMessage[]> {
    const sql = listedSql(fields);
    return this.paged(context, ref, ranges, SLICE.listing, (account, mailbox, first, last, limit) =>
      this.index.tuples<ListedTuple>(sql, account, mailbox, first, last, limit).map(listedOf),
    );
  }

  messages(
    context: RequestContext,
    ref: MailboxRef,
    ranges: readonly UidRange[],
    fields: MessageFields,
  ): AsyncIterable<readonly StoredMessage[]> {
    const sql = `SELECT uid, message, mod_seq, keywords, size, internal_date, saved_date, blob, thread, preview,
        ${fields.envelope ? 'envelope' : 'NULL'}, ${fields.body ? 'body' : 'NULL'}
      FROM membership JOIN message ON message.key = account * 4294967296 + message
      WHERE account = ? AND mailbox = ? AND uid BETWEEN ? AND ? ORDER BY uid LIMIT ?`;
    return this.paged(context, ref, ranges, SLICE.messages, (account, mailbox, first, last, limit) =>
      this.index.tuples<MessageTuple>(sql, account, mailbox, first, last, limit).map(messageOf),
    );
  }

  async changes(context: RequestContext, ref: MailboxRef, since: ModSeq): Promise<MailboxChanges> {
    // Of one moment: what is below uidNext has to be in the lists, or to have gone by then. Only long lists take more.
    const [row, firstVanished, firstChanged] = await this.shown(ref.accountId, () => {
      const mailbox = this.mailboxRow(context, ref);
      return [mailbox, this.vanishedSlice(mailbox, since, Infinity), this.changedSlice(mailbox, since, 0)];
    });
    const vanished = await this.whole(ref.accountId, firstVanished, ([uid, at]) => this.vanishedSlice(row, at, uid));
    const changed = await this.whole(ref.accountId, firstChanged, ([uid]) => this.changedSlice(row, since, uid));
    const { modSeq, uidNext, forgottenModSeq } = row;
    return {
      ...{ modSeq, uidNext, exact: since >= forgottenModSeq },
      changed: changed.map((tuple) => changeOf(tuple, since)),
      // Already so in each commit's: few runs to merge.
      vanished: vanished.map(([uid, at]) => ({ uid, modSeq: at })).sort((a, b) => a.uid - b.uid),
    };
  }

  /** A list of which this is the first slice. */
  private async whole<T>(
    accountId: AccountId,
    first: readonly T[],
    next: (last: T) => readonly T[],
  ): Promise<readonly T[]> {
    const all = [...first];
    for (let slice = first; slice.length === SLICE.changes; ) {
      await nextTurn();
      slice = await this.shown(accountId, () => next(all.at(-1)!));
      all.push(...slice);
    }
    return all;
  }

  /** What vanished up to when the mailbox was as given, in the order it did. */
  private vanishedSlice({ account, id, modSeq }: MailboxRow, since: ModSeq, after: Uid): readonly VanishedTuple[] {
    return this.index.tuples<VanishedTuple>(
      `SELECT uid, mod_seq FROM vanished WHERE account = ? AND mailbox = ? AND (mod_seq, uid) > (?, ?) AND mod_seq <= ?
        ORDER BY mod_seq, uid LIMIT ${SLICE.changes}`,
      ...[account, id, since, after, modSeq],
    );
  }

  /** What has come since the mailbox was as given is for the next call; what was there then and has changed again is not left out. */
  private changedSlice({ account, id, modSeq }: MailboxRow, since: ModSeq, after: Uid): readonly ChangeTuple[] {
    return this.index.tuples<ChangeTuple>(
      `SELECT uid, message, mod_seq, keywords, created_mod_seq FROM membership
        WHERE account = ? AND mailbox = ? AND mod_seq > ? AND created_mod_seq <= ? AND uid > ?
        ORDER BY uid LIMIT ${SLICE.changes}`,
      ...[account, id, since, modSeq, after],
    );
  }

  /** What `read` finds, once it may be shown. `accountId` undefined: anything a commit changed may be in it. */
  async shown<T>(accountId: AccountId | undefined, read: () => T): Promise<T> {
    this.assertOpen();
    try {
      return read();
    } finally {
      await this.barrier.passed(accountId);
    }
  }

  accountRow(context: RequestContext, accountId: AccountId): AccountRow {
    const { partnerId } = context;
    const row = this.index.get<AccountRow>(`SELECT ${ACCOUNT_COLUMNS} FROM account WHERE id = ?`, accountId);
    const hidden = row?.standing === 'arriving' || (partnerId !== undefined && partnerId !== row?.partnerId);
    if (!row || hidden || actsAbroad(context, accountId)) throw new MailStoreError('accountNotFound');
    return row;
  }

  mailboxRow(context: RequestContext, { accountId, mailboxId }: MailboxRef): MailboxRow {
    return this.mailboxWhere('id = ?', this.accountRow(context, accountId).number, mailboxId);
  }

  private mailboxWhere(condition: 'id = ?' | 'name = ?', account: number, value: string | number): MailboxRow {
    const sql = `SELECT ${MAILBOX_COLUMNS} FROM mailbox WHERE account = ? AND ${condition}`;
    const row = this.index.get<MailboxRow>(sql, account, value);
    if (!row) throw new MailStoreError('mailboxNotFound');
    return row;
  }

  private subscribedNames(account: number): readonly string[] {
    const sql = 'SELECT name FROM subscription WHERE account = ? ORDER BY name';
    return this.index.all<{ name: string }>(sql, account).map(({ name }) => name);
  }

  private async *paged<T extends { readonly uid: Uid }>(
    context: RequestContext,
    ref: MailboxRef,
    ranges: readonly UidRange[],
    size: number,
    query: (account: number, mailbox: number, first: Uid, last: Uid, limit: number) => readonly T[],
  ): AsyncIterable<readonly T[]> {
    let batch: T[] = [];
    let row = await this.shown(ref.accountId, () => this.mailboxRow(context, ref));
    for (const [i, { first, last }] of normalRanges(ranges).entries()) {
      if (i % RANGES_A_TURN === RANGES_A_TURN - 1) {
        await nextTurn();
        row = this.mailboxRow(context, ref);
      }
      for (let from = first; from <= last; ) {
        const limit = size - batch.length;
        const found = query(row.account, row.id, from, last, limit);
        batch.push(...found);
        from = found.length === limit ? (found.at(-1)?.uid ?? last) + 1 : last + 1;
        if (batch.length < size) continue;
        const full = batch;
        batch = [];
        yield await this.shown(ref.accountId, () => full);
        await nextTurn();
        row = this.mailboxRow(context, ref);
      }
    }
    if (batch.length > 0) yield await this.shown(ref.accountId, () => batch);
  }
}

type MessageTuple = readonly [
  ...SummaryTuple,
  size: number,
  internalDate: number,
  savedDate: number,
  blob: Uint8Array,
  thread: number,
  preview: string,
  envelope: string | null,
  body: string | null,
];

function messageOf(row: MessageTuple): StoredMessage {
  const [uid, messageId, modSeq, keywords, size, internalDate, savedDate, blob, thread, preview, envelope, body] = row;
  return {
    ...{ uid, messageId, modSeq, keywords: keywordsOf(keywords), blobId: blobIdOf(blob), size },
    ...{ internalDate, savedDate, threadId: threadId(thread), preview },
    ...(envelope === null ? {} : { envelope: unpackEnvelope(envelope) }),
    ...(body === null ? {} : { body: unpackBody(body) }),
  };
}

type VanishedTuple = readonly [uid: Uid, modSeq: ModSeq];

type ChangeTuple = readonly [...SummaryTuple, created: ModSeq];

function changeOf(
  [uid, message, modSeq, keywords, created]: ChangeTuple,
  since: ModSeq,
): MailboxChanges['changed'][number] {
  return { ...summaryOf([uid, message, modSeq, keywords]), created: created > since };
}

function summaryOf([uid, messageId, modSeq, keywords]: SummaryTuple): MessageSummary {
  return { uid, messageId, modSeq, keywords: keywordsOf(keywords) };
}
