import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type MailboxRef,
  MailStoreError,
  type MessageFilter,
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
import type { BlockCache } from './text/block-cache.ts';
import type { TextIndexer } from './text/indexer.ts';
import { openText } from './text/open-text.ts';
import { askTexts, isAllText, type TextAnswers } from './text/text-search.ts';
import { fewOf, hasBit } from './text/verdicts.ts';

/** Rows scanned by SQL before others have their turn: about 5 ms. */
const SCAN_ROWS = 10_000;
/** Messages named to SQL; with more, all rows are taken out and looked up here. */
const NAMED_IN_SQL = 5_000;
/** Rows taken out whole before others have their turn: about 2 ms. */
const LOOKED_AT = 500;
/** Texts read at once, before others have their turn. */
const TEXT_ROWS = 8;

export interface SearchResult {
  readonly uids: readonly Uid[];
  readonly modSeq: ModSeq;
}

/** uid, message, modSeq. */
type Row = readonly [Uid, number, ModSeq];

/** Told the share of a window's rows that are decided. */
type Tell = (share: number) => void;

/** What is left to decide row by row once SQL has done its part. */
interface Rest {
  readonly filter: MessageFilter;
  readonly answers: TextAnswers | undefined;
  /** The answers alone decide it, where they know. */
  readonly allText: boolean;
}

/**
 * Finds messages by scanning: what the index knows in SQL, window by window of uids; texts by asking the text index, and by reading
 * the blobs of what it does not know. The bytes decide: an answer is the same with the index, without it, and while it is behind.
 */
export class Search {
  constructor(
    private readonly index: IndexDb,
    private readonly reads: Reads,
    private readonly blobs: BlobReader,
    private readonly texts: TextIndexer,
    private readonly blocks: BlockCache,
  ) {}

  async run(
    context: RequestContext,
    ref: MailboxRef,
    filter: MessageFilter,
    onProgress: (done: number, goal: number) => void = () => {},
  ): Promise<SearchResult> {
    const { condition: known, rest: left } = splitFilter(normalFilter(filter));
    const rest = left && (await this.restOf(context, ref, left));
    const condition = rest?.answers ? both(known, possibleIn(rest.answers)) : known;
    const sql = `SELECT uid, message, mod_seq FROM membership
      WHERE account = ? AND mailbox = ? AND uid > ? AND uid <= ? AND ${condition.sql} ORDER BY uid`;
    const uids: Uid[] = [];
    let modSeq: ModSeq = 0;
    for (let after = 0, passed = 0; ; passed += SCAN_ROWS) {
      const mailbox = this.reads.mailboxRow(context, ref);
      const { messages } = mailbox;
      const tell = (share: number): void =>
        onProgress(Math.min(messages, passed + Math.floor(share * Math.min(SCAN_ROWS, messages - passed))), messages);
      const last = this.windowEnd(mailbox, after);
      const rows = await this.reads.shown(ref.accountId, () =>
        this.index.tuples<Row>(sql, mailbox.account, mailbox.id, after, last, ...condition.parameters),
      );
      for (const [uid, , changed] of rest ? await this.matching(mailbox, rest, rows, tell) : rows) {
        uids.push(uid);
        if (changed > modSeq) modSeq = changed;
      }
      if (last === Number.MAX_SAFE_INTEGER) return { uids, modSeq };
      tell(1);
      after = last;
      await nextTurn();
    }
  }

  private async restOf(context: RequestContext, ref: MailboxRef, filter: MessageFilter): Promise<Rest> {
    if (!needsText(filter)) return { filter, answers: undefined, allText: false };
    const { number } = this.reads.accountRow(context, ref.accountId);
    const through = await this.texts.catchUp(number);
    const answers = await askTexts(this.index, this.blocks, number, through, filter);
    return { filter, answers, allText: isAllText(filter) };
  }

  /** The uid `SCAN_ROWS` rows on, so that a window costs the same however uids are spread. */
  private windowEnd({ account, id }: MailboxRow, after: Uid): Uid {
    const sql = `SELECT uid FROM membership WHERE account = ? AND mailbox = ? AND uid > ?
      ORDER BY uid LIMIT 1 OFFSET ${SCAN_ROWS - 1}`;
    return this.index.get<{ uid: Uid }>(sql, account, id, after)?.uid ?? Number.MAX_SAFE_INTEGER;
  }

  /** Those of the rows that match, in their order. */
  private async matching(mailbox: MailboxRow, rest: Rest, rows: readonly Row[], tell: Tell): Promise<readonly Row[]> {
    const { answers, allText } = rest;
    const open: Uid[] = [];
    const verdicts = rows.map(([uid, message]) => {
      if (answers && message <= answers.through) {
        if (!hasBit(answers.possible, message)) return false;
        if (allText && hasBit(answers.sure, message)) return true;
      }
      open.push(uid);
      return undefined;
    });
    if (open.length === 0) return rows.filter((_, i) => verdicts[i]);
    const found = await this.lookAt(mailbox, rest, open, tell);
    return rows.filter(([uid], i) => verdicts[i] ?? found.has(uid));
  }

  /** Decides by what else the index knows of the messages, and by their texts where that is not enough. */
  private async lookAt(
    mailbox: MailboxRow,
    { filter, answers }: Rest,
    uids: readonly Uid[],
    tell: Tell,
  ): Promise<ReadonlySet<Uid>> {
    const found = new Set<Uid>();
    const sql = `SELECT ${MEMBERSHIP_COLUMNS} FROM membership
      WHERE account = ? AND mailbox = ? AND uid IN (SELECT value FROM json_each(?)) ORDER BY uid`;
    for (let at = 0; at < uids.length; at += LOOKED_AT) {
      const { account, id } = mailbox;
      const some = JSON.stringify(uids.slice(at, at + LOOKED_AT));
      let unread: MembershipRow[] = [];
      for (const row of this.index.all<MembershipRow>(sql, account, id, some)) {
        const message = { ...row, keywords: keywordsOf(row.keywords) };
        const known = matchesIndex(filter, message, (text) => answers?.holds(text, row.message));
        if (known === undefined) unread.push(row);
        else if (known) found.add(row.uid);
      }
      for (; unread.length > 0; unread = unread.slice(TEXT_ROWS)) {
        const texts = unread.slice(0, TEXT_ROWS);
        const matching = await Promise.all(texts.map((row) => this.opened(account, filter, row)));
        for (const [i, { uid }] of texts.entries()) if (matching[i]) found.add(uid);
        tell(Math.min(at + LOOKED_AT - unread.length, uids.length) / uids.length);
        await nextTurn();
      }
    }
    return found;
  }

  /** A message that was expunged while its turn came matches nothing; damaged bytes cost their message, not the search. */
  private async opened(account: number, filter: MessageFilter, row: MembershipRow): Promise<boolean> {
    try {
      const text = openText(this.index, this.blobs, messageKey(account, row.message));
      return text !== undefined && (await matchesText(filter, { ...row, keywords: keywordsOf(row.keywords) }, text));
    } catch (error) {
      if (error instanceof MailStoreError && (error.code === 'corrupt' || error.code === 'messageNotFound'))
        return false;
      throw error;
    }
  }
}

/** Of the messages in the index; above them all are possible. */
function possibleIn({ possible, through }: TextAnswers): SqlCondition {
  const named = fewOf(possible, NAMED_IN_SQL);
  if (!named) return { sql: '1', parameters: [] };
  return {
    sql: '(message > ? OR message IN (SELECT value FROM json_each(?)))',
    parameters: [through, JSON.stringify(named)],
  };
}

const both = (a: SqlCondition, b: SqlCondition): SqlCondition => ({
  sql: `${a.sql} AND ${b.sql}`,
  parameters: [...a.parameters, ...b.parameters],
});
