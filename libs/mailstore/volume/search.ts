import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type MailboxRef,
  MailStoreError,
  type MessageFilter,
  type MessageText,
  type ModSeq,
  matchesIndex,
  matchesText,
  needsText,
  normalFilter,
  type Uid,
} from '#mailstore/api';
import type { RequestContext } from '#stdx';
import type { BlobReader } from './blob-reader.ts';
import { type SqlCondition, splitFilter } from './filter-sql.ts';
import type { IndexDb } from './index-db.ts';
import type { Reads } from './reads.ts';
import { keywordsOf, type MailboxRow, MEMBERSHIP_COLUMNS, type MembershipRow, messageKey } from './rows.ts';
import type { TextIndexer } from './text/indexer.ts';
import { narrow } from './text/narrow.ts';
import { openText } from './text/open-text.ts';

/** Rows scanned by SQL before others have their turn: about 2 ms. */
const SCAN_ROWS = 10_000;
/** Messages named to SQL; with more, all rows are taken out and looked up here. */
const CANDIDATES_IN_SQL = 5_000;
/** Texts read at once, before others have their turn. */
const TEXT_ROWS = 8;

export interface SearchResult {
  readonly uids: readonly Uid[];
  readonly modSeq: ModSeq;
}

/** Finds messages by scanning: what the index knows in SQL, window by window of uids; texts by reading the blobs of what the
 * text index leaves over. The bytes decide: an answer is the same with the index, without it, and while it is behind. */
export class Search {
  constructor(
    private readonly index: IndexDb,
    private readonly reads: Reads,
    private readonly blobs: BlobReader,
    private readonly texts: TextIndexer,
  ) {}

  async run(context: RequestContext, ref: MailboxRef, filter: MessageFilter): Promise<SearchResult> {
    const { condition: known, rest } = splitFilter(normalFilter(filter));
    const candidates = rest && needsText(rest) ? await this.candidates(context, ref, rest) : undefined;
    const condition = candidates?.condition ? both(known, candidates.condition) : known;
    const sql = `SELECT ${rest ? MEMBERSHIP_COLUMNS : 'uid, mod_seq AS modSeq'} FROM membership
      WHERE account = ? AND mailbox = ? AND uid > ? AND uid <= ? AND ${condition.sql} ORDER BY uid`;
    const uids: Uid[] = [];
    let modSeq: ModSeq = 0;
    for (let after = 0; ; ) {
      const mailbox = this.reads.mailboxRow(context, ref);
      const last = this.windowEnd(mailbox, after);
      const rows = await this.reads.shown(ref.accountId, () =>
        this.index.all<MembershipRow>(sql, mailbox.account, mailbox.id, after, last, ...condition.parameters),
      );
      const likely = candidates ? rows.filter(({ message }) => candidates.has(message)) : rows;
      for (const row of rest ? await this.matching(mailbox.account, rest, likely) : rows) {
        uids.push(row.uid);
        modSeq = Math.max(modSeq, row.modSeq);
      }
      if (last === Number.MAX_SAFE_INTEGER) return { uids, modSeq };
      after = last;
      await nextTurn();
    }
  }

  /** What the text index leaves to be looked at; `undefined` when that is everything. */
  private async candidates(context: RequestContext, ref: MailboxRef, filter: MessageFilter) {
    const { number } = this.reads.accountRow(context, ref.accountId);
    const through = await this.texts.catchUp(number);
    const named = await narrow(this.index, number, filter);
    if (!named) return undefined;
    const few = named.size <= CANDIDATES_IN_SQL;
    return {
      has: (message: number): boolean => message > through || named.has(message),
      condition: few
        ? {
            sql: '(message > ? OR message IN (SELECT value FROM json_each(?)))',
            parameters: [through, JSON.stringify([...named])],
          }
        : undefined,
    };
  }

  /** The uid `SCAN_ROWS` rows on, so that a window costs the same however uids are spread. */
  private windowEnd({ account, id }: MailboxRow, after: Uid): Uid {
    const sql = `SELECT uid FROM membership WHERE account = ? AND mailbox = ? AND uid > ?
      ORDER BY uid LIMIT 1 OFFSET ${SCAN_ROWS - 1}`;
    return this.index.get<{ uid: Uid }>(sql, account, id, after)?.uid ?? Number.MAX_SAFE_INTEGER;
  }

  private async matching(
    account: number,
    filter: MessageFilter,
    rows: readonly MembershipRow[],
  ): Promise<readonly MembershipRow[]> {
    const found: MembershipRow[] = [];
    const undecided: MembershipRow[] = [];
    const settle = async (): Promise<void> => {
      if (undecided.length === 0) return;
      const texts = undecided.splice(0);
      const matching = await Promise.all(texts.map((row) => this.opened(account, filter, row)));
      found.push(...texts.filter((_, i) => matching[i]));
      await nextTurn();
    };
    for (const row of rows) {
      const known = matchesIndex(filter, { ...row, keywords: keywordsOf(row.keywords) });
      // In their order: those that wait to be read come first.
      if (known === undefined) undecided.push(row);
      else if (known) {
        await settle();
        found.push(row);
      }
      if (undecided.length >= TEXT_ROWS) await settle();
    }
    await settle();
    return found;
  }

  private async opened(account: number, filter: MessageFilter, row: MembershipRow): Promise<boolean> {
    const text = openText(this.index, this.blobs, messageKey(account, row.message));
    return text !== undefined && this.matchesOpened(filter, { ...row, keywords: keywordsOf(row.keywords) }, text);
  }

  /** A message that was expunged while its turn came matches nothing; damaged bytes cost their message, not the search. */
  private async matchesOpened(
    filter: MessageFilter,
    message: Parameters<typeof matchesText>[1],
    text: MessageText,
  ): Promise<boolean> {
    try {
      return await matchesText(filter, message, text);
    } catch (error) {
      if (error instanceof MailStoreError && (error.code === 'corrupt' || error.code === 'messageNotFound'))
        return false;
      throw error;
    }
  }
}

const both = (a: SqlCondition, b: SqlCondition): SqlCondition => ({
  sql: `${a.sql} AND ${b.sql}`,
  parameters: [...a.parameters, ...b.parameters],
});
