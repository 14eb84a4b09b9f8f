import { setImmediate as nextTurn } from 'node:timers/promises';
import { MailStoreError, type MailStoreErrorCode, type TextIndexFigures } from '#mailstore/api';
import { type Clock, collect, type Logger, type Timer } from '#stdx';
import type { BlobReader } from '../blob-reader.ts';
import type { CommitLoop } from '../commit-loop.ts';
import type { IndexDb } from '../index-db.ts';
import type { Room } from '../room.ts';
import { messageKey } from '../rows.ts';
import type { VolumeSettings } from '../settings.ts';
import type { TextSource } from './compose.ts';
import { Composer } from './composer.ts';
import { blocksToMerge } from './merging.ts';
import { type BlockRow, blocksOf, blockToClean, indexedThrough, oldBlock, replaceBlocks } from './text-index.ts';

/** Messages and bytes of one step: enough that a large account is not merged over and over. */
const STEP_MESSAGES = 1_024;
const STEP_BYTES = 4 * 1024 * 1024;
/** SQLite's, as it makes them of itself. */
const PAGE_BYTES = 4_096;
/** Messages read before others have their turn: about 2 ms. */
const READ_A_TURN = 16;
/** Rests between steps, as multiples of what the last one took: a quarter of one core, less while others wait. */
const REST_QUIET = 3;
const REST_BUSY = 20;
const REST_MS_MIN = 20;
/** What will be otherwise by itself. */
const PASSING: readonly MailStoreErrorCode[] = ['unavailable', 'bytesUnavailable', 'diskFull'];
/** After news, so that a burst of it is one look for what is to be done. */
const WAKE_MS = 1_000;
/** That many messages a search has read sooner than the step at work, which may be another account's, is done. */
const SOONER_READ = 200;
/** Words of forgotten messages lie in a block that long at most, however few they are. */
const DEAD_KEEP_MS = 7 * 24 * 3_600_000;

export interface IndexerParts {
  readonly index: IndexDb;
  readonly loop: CommitLoop;
  readonly room: Room;
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
  private readonly composer: Composer;
  private timer: Timer | undefined;
  private working: Promise<unknown> = Promise.resolve();
  private busy = false;
  private stopped = false;

  constructor(private readonly parts: IndexerParts) {
    this.composer = new Composer(parts.clock);
  }

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
    await this.composer.close();
  }

  /**
   * Before a search of the account: indexes what is new, if that is little. Returns the last message that is in; what is
   * above it the search reads itself.
   */
  async catchUp(account: number): Promise<number> {
    const { index, settings } = this.parts;
    for (let left = settings.searchCatchUpMessages; left > 0; ) {
      const behind = this.behind(account);
      if (behind > left) break;
      if (behind === 0 || this.stopped || (this.busy && behind <= SOONER_READ)) return indexedThrough(index, account);
      try {
        left -= Math.max(1, await this.step(account));
      } catch (error) {
        // A full disk, say: the search goes on without.
        this.report(error);
        break;
      }
    }
    if (this.behind(account) > 0) {
      this.figures.searchesBehind++;
      this.wake();
    }
    return indexedThrough(index, account);
  }

  /** One step of the account that is behind, or of a block that is to be made anew, then a rest. */
  private async workOn(): Promise<void> {
    this.timer = undefined;
    const { clock, loop, index } = this.parts;
    const begun = clock.monotonic();
    try {
      const account = this.nextAccount();
      const unclean = account === undefined ? blockToClean(index, clock.now() - DEAD_KEEP_MS) : undefined;
      if (account === undefined && !unclean) return;
      this.busy = true;
      if (unclean) await this.inTurn(() => this.clean(unclean));
      else await this.step(account!);
      this.busy = false;
      const rest = loop.pendingOperations > 0 ? REST_BUSY : REST_QUIET;
      this.wake(Math.max(REST_MS_MIN, rest * (clock.monotonic() - begun)));
    } catch (error) {
      this.busy = false;
      this.report(error);
    }
  }

  private report(error: unknown): void {
    if (error instanceof MailStoreError && PASSING.includes(error.code)) return;
    this.parts.logger.warn({ error }, 'text index paused; the next mail or search takes it up again');
  }

  private step(account: number): Promise<number> {
    return this.inTurn(() => this.indexSome(account));
  }

  /** Steps never overlap: each begins where the one before it has committed. */
  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const step = this.working.then(work);
    this.working = step.catch(() => {});
    return step;
  }

  private async indexSome(account: number): Promise<number> {
    const { index } = this.parts;
    if (this.stopped) return 0;
    const from = indexedThrough(index, account);
    const sql = 'SELECT key FROM message WHERE key > ? AND key < ? ORDER BY key LIMIT ?';
    const base = messageKey(account, 0);
    const rows = index.tuples<[number]>(sql, base + from, messageKey(account + 1, 0), STEP_MESSAGES);
    // Of the same moment as the rows: what comes while texts are read is for the next step.
    const newest = this.newestMessage(account, from);
    const texts: TextSource[] = [];
    let done = 0;
    for (let bytes = 0; done < rows.length && bytes < STEP_BYTES; done++) {
      const source = await this.textOf(base, rows[done]![0]);
      if (source) texts.push(source);
      bytes += source?.bytes?.length ?? 0;
      if (done % READ_A_TURN === 0) await nextTurn();
    }
    // Past the last one, ids are of messages that were never there or are gone.
    const whole = done === rows.length && rows.length < STEP_MESSAGES;
    const last = done === 0 ? from : rows[done - 1]![0] - base;
    const through = whole ? Math.max(last, newest) : last;
    if (through > from) await this.putIn(account, through, texts);
    this.figures.indexedMessages += done;
    return done;
  }

  /** The texts go into one block with as many of the newest blocks as are to grow with them. */
  private async putIn(account: number, through: number, texts: readonly TextSource[]): Promise<void> {
    const old = texts.length > 0 ? blocksToMerge(blocksOf(this.parts.index, account), texts) : [];
    await this.compose(account, through, old, texts);
  }

  private async clean(row: BlockRow): Promise<void> {
    if (!this.stopped) await this.compose(row.account, indexedThrough(this.parts.index, row.account), [row], []);
  }

  private async compose(
    account: number,
    through: number,
    old: readonly BlockRow[],
    texts: readonly TextSource[],
  ): Promise<void> {
    const { index, loop, room } = this.parts;
    const block = await this.composer.compose({ blocks: old.map((row) => oldBlock(index, row)), texts });
    const added = texts.map(({ message }) => message);
    // In the log, and when that is written back in the index; each part in pages of its own.
    await room.take(2 * block.parts.reduce((sum, { length }) => sum + length + PAGE_BYTES, 0));
    await loop.submit({
      contents: [],
      grows: true,
      run: (edit) => replaceBlocks(edit, { account, through, old, added, block }),
    });
  }

  private async textOf(base: number, key: number): Promise<TextSource | undefined> {
    const { index, blobs } = this.parts;
    const row = index.get<{ blob: Uint8Array; body: string }>('SELECT blob, body FROM message WHERE key = ?', key);
    if (!row) return undefined;
    const source = { message: key - base, structure: row.body };
    try {
      return { ...source, bytes: await collect(blobs.read(Buffer.from(row.blob)), Infinity) };
    } catch (error) {
      if (!(error instanceof MailStoreError) || (error.code !== 'corrupt' && error.code !== 'messageNotFound'))
        throw error;
      return { ...source, bytes: undefined };
    }
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
