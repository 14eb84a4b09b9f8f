import { setImmediate as nextTurn } from 'node:timers/promises';
import { MailStoreError, type MailStoreErrorCode, type TextIndexFigures } from '#mailstore/api';
import type { Clock, Logger, Timer } from '#stdx';
import type { BlobReader } from '../blob-reader.ts';
import type { CommitLoop } from '../commit-loop.ts';
import type { IndexDb } from '../index-db.ts';
import { messageKey } from '../rows.ts';
import type { VolumeSettings } from '../settings.ts';
import { addGrams, UNREADABLE } from './grams.ts';
import { openText } from './open-text.ts';
import { addTexts, indexedThrough, type MessageGrams } from './text-index.ts';

/** Messages of one commit; their pieces together, past which the commit is made early: about 5 ms of SQLite. */
const BATCH_MESSAGES = 64;
const BATCH_GRAMS = 30_000;
/** Characters of one text cut up before others have their turn: about 5 ms. */
const SLICE_CHARS = 32_768;
/** Rests between commits, as multiples of what the last one took: a quarter of one core, less while others wait. */
const REST_QUIET = 3;
const REST_BUSY = 20;
const REST_MS_MIN = 20;
/** What will be otherwise by itself. */
const PASSING: readonly MailStoreErrorCode[] = ['unavailable', 'bytesUnavailable', 'diskFull'];
/** After news, so that a burst of it is one look for what is to be done. */
const WAKE_MS = 1_000;

export interface IndexerParts {
  readonly index: IndexDb;
  readonly loop: CommitLoop;
  readonly blobs: BlobReader;
  readonly settings: VolumeSettings;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Keeps the text index up with the mail, account by account, oldest message first, in the background. How far it is
 * is committed with what it did, so it goes on after a crash where it was; a message it has not reached is merely read by
 * every search that may match it.
 */
export class TextIndexer {
  readonly figures: TextIndexFigures = { indexedMessages: 0, searchesBehind: 0 };
  private timer: Timer | undefined;
  private working: Promise<unknown> = Promise.resolve();
  private busy = false;
  private stopped = false;

  constructor(private readonly parts: IndexerParts) {}

  /** There may be something to do. */
  wake(delayMs = WAKE_MS): void {
    // Its own commits are news, too; after a step it looks again in any case.
    if (this.stopped || this.busy) return;
    this.timer ??= this.parts.clock.after(delayMs, () => void this.workOn());
  }

  async stop(): Promise<void> {
    this.stopped = true;
    this.timer?.cancel();
    await this.working;
  }

  /**
   * Before a search of the account: indexes what is new, if that is little. Returns the last message that is in; what is
   * above it the search reads itself.
   */
  async catchUp(account: number): Promise<number> {
    const { index, settings } = this.parts;
    for (let left = settings.searchCatchUpMessages; left > 0; ) {
      const behind = this.behind(account);
      if (behind === 0 || behind > left || this.stopped) break;
      left -= Math.max(1, await this.step(account));
    }
    if (this.behind(account) > 0) {
      this.figures.searchesBehind++;
      this.wake();
    }
    return indexedThrough(index, account);
  }

  /** One step of the account that is behind, then a rest. */
  private async workOn(): Promise<void> {
    this.timer = undefined;
    const { clock, loop, logger } = this.parts;
    const begun = clock.monotonic();
    try {
      const account = this.nextAccount();
      if (account === undefined) return;
      this.busy = true;
      await this.step(account);
      this.busy = false;
      const rest = loop.pendingOperations > 0 ? REST_BUSY : REST_QUIET;
      this.wake(Math.max(REST_MS_MIN, rest * (clock.monotonic() - begun)));
    } catch (error) {
      this.busy = false;
      const expected = error instanceof MailStoreError && PASSING.includes(error.code);
      if (!expected) logger.warn({ error }, 'text index paused; the next mail or search takes it up again');
    }
  }

  /** Steps never overlap: each begins where the one before it has committed. */
  private step(account: number): Promise<number> {
    const step = this.working.then(() => this.indexSome(account));
    this.working = step.catch(() => {});
    return step;
  }

  private async indexSome(account: number): Promise<number> {
    const { index, loop } = this.parts;
    if (this.stopped) return 0;
    const from = indexedThrough(index, account);
    const sql = 'SELECT key FROM message WHERE key > ? AND key < ? ORDER BY key LIMIT ?';
    const end = messageKey(account + 1, 0);
    const rows = index.tuples<[number]>(sql, messageKey(account, from), end, BATCH_MESSAGES);
    // Of the same moment as the rows: what comes while texts are read is for the next step.
    const newest = this.newestMessage(account, from);
    const done: MessageGrams[] = [];
    for (let grams = 0; done.length < rows.length && grams < BATCH_GRAMS; ) {
      const message = await this.gramsOf(rows[done.length]![0]);
      done.push(message);
      grams += message.header.size + message.body.size;
    }
    // Past the last one, ids are of messages that were never there or are gone.
    const whole = done.length === rows.length && rows.length < BATCH_MESSAGES;
    const last = (done.at(-1)?.key ?? messageKey(account, from)) - messageKey(account, 0);
    const through = whole ? Math.max(last, newest) : last;
    if (through > from)
      await loop.submit({ contents: [], grows: true, run: (edit) => addTexts(edit, account, through, done) });
    this.figures.indexedMessages += done.length;
    return done.length;
  }

  private async gramsOf(key: number): Promise<MessageGrams> {
    const { index, blobs } = this.parts;
    const grams = { header: new Set<string>(), body: new Set<string>() };
    try {
      const text = openText(index, blobs, key);
      for (const value of (await text?.headers()) ?? []) await addSliced(value, grams.header);
      for (const piece of (await text?.body()) ?? []) await addSliced(piece, grams.body);
    } catch (error) {
      if (!(error instanceof MailStoreError) || (error.code !== 'corrupt' && error.code !== 'messageNotFound'))
        throw error;
      return { key, header: UNREADABLE, body: UNREADABLE };
    }
    await nextTurn();
    return { key, ...grams };
  }

  /** Messages the index has not reached. */
  private behind(account: number): number {
    const from = indexedThrough(this.parts.index, account);
    const sql = 'SELECT count(*) AS n FROM (SELECT 1 FROM message WHERE key > ? AND key < ? LIMIT ?)';
    const most = this.parts.settings.searchCatchUpMessages + 1;
    return (
      this.parts.index.get<{ n: number }>(sql, messageKey(account, from), messageKey(account + 1, 0), most)?.n ?? 0
    );
  }

  private newestMessage(account: number, from: number): number {
    const sql = 'SELECT next_message - 1 AS last FROM account WHERE number = ?';
    return this.parts.index.get<{ last: number }>(sql, account)?.last ?? from;
  }

  private nextAccount(): number | undefined {
    // A copy that has not all arrived yet does not bring its messages in order.
    const sql = `SELECT number FROM account LEFT JOIN text_indexed ON account = number
      WHERE standing <> 'arriving' AND next_message - 1 > coalesce(through, 0) LIMIT 1`;
    return this.parts.index.get<{ number: number }>(sql)?.number;
  }
}

/** A long text slice by slice. No piece goes across white space; where there is none, slices overlap. */
async function addSliced(text: string, grams: Set<string>): Promise<void> {
  for (let at = 0; at < text.length; ) {
    const end = sliceEnd(text, at);
    addGrams(text.slice(Math.max(0, at - (isSpace(text, at) ? 0 : OVERLAP_CHARS)), end), grams);
    at = end;
    if (at < text.length) await nextTurn();
  }
}

function sliceEnd(text: string, at: number): number {
  for (let end = at + SLICE_CHARS; end < at + 2 * SLICE_CHARS; end++) if (isSpace(text, end)) return end;
  return Math.min(at + SLICE_CHARS, text.length);
}

/** True at the text's end, too. */
const isSpace = (text: string, at: number): boolean => at >= text.length || text[at] === ' ' || text[at] === '\n';

/** More than any character with what belongs to it. */
const OVERLAP_CHARS = 256;
