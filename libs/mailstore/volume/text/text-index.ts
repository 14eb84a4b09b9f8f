import { assert } from '#stdx';
import type { Edit } from '../edit.ts';
import type { IndexDb } from '../index-db.ts';
import { messageKey } from '../rows.ts';
import type { BlockParts } from './block-format.ts';
import type { Composed, OldBlock } from './compose.ts';

/** A row of `text_block`. */
export interface BlockRow {
  readonly account: number;
  readonly last: number;
  readonly first: number;
  readonly id: number;
  readonly messages: number;
  readonly bytes: number;
  /** Of its messages, those that have been forgotten since. */
  readonly dead: number;
}

const COLUMNS = 'account, last, first, id, messages, bytes, dead';
/** Enough for the postings of the longest message. */
const PARTS_MAX = 1_024;

/** Highest message of the account that is in, and those below it. */
export const indexedThrough = (index: IndexDb, account: number): number =>
  index.get<{ through: number }>('SELECT through FROM text_indexed WHERE account = ?', account)?.through ?? 0;

/** Newest first. */
export const blocksOf = (index: IndexDb, account: number): readonly BlockRow[] =>
  index.all<BlockRow>(`SELECT ${COLUMNS} FROM text_block WHERE account = ? ORDER BY last DESC`, account);

/** The block of the account with the first message above that one. */
export const blockAfter = (index: IndexDb, account: number, message: number): BlockRow | undefined =>
  index.get<BlockRow>(
    `SELECT ${COLUMNS} FROM text_block WHERE account = ? AND last > ? ORDER BY last LIMIT 1`,
    account,
    message,
  );

/** A block with many forgotten messages, or with one for longer than since `before` (milliseconds since the epoch). */
export const blockToClean = (index: IndexDb, before: number): BlockRow | undefined =>
  index.get<BlockRow>(
    `SELECT ${COLUMNS} FROM text_block WHERE dead > 0 AND (dead * 4 >= messages OR dead_since < ?) LIMIT 1`,
    before,
  );

/** A part of a block, by its number. Throws when the block has been replaced. */
export function partOf(index: IndexDb, { id }: BlockRow, number: number): Uint8Array {
  const row = index.get<{ data: Uint8Array }>('SELECT data FROM text_part WHERE id = ?', PARTS_MAX * id + number);
  if (!row) throw new Error(`text block ${id} lacks part ${number}`);
  return row.data;
}

/** The block as it goes into another. */
export function oldBlock(index: IndexDb, row: BlockRow): OldBlock {
  const sql = 'SELECT data FROM text_part WHERE id BETWEEN ? AND ? ORDER BY id';
  const first = PARTS_MAX * row.id;
  const parts = index.all<{ data: Uint8Array }>(sql, first, first + PARTS_MAX - 1).map(({ data }) => data);
  return { parts, alive: row.dead === 0 ? undefined : aliveOf(index, row) };
}

function aliveOf(index: IndexDb, { account, first, last }: BlockRow): readonly number[] {
  const sql = 'SELECT key - ? FROM message WHERE key BETWEEN ? AND ?';
  const base = messageKey(account, 0);
  return index.tuples<[number]>(sql, base, base + first, base + last).map(([message]) => message);
}

/** What a step of the indexer came to. */
export interface Replacement {
  readonly account: number;
  readonly through: number;
  /** As they were when they were read. */
  readonly old: readonly BlockRow[];
  /** Messages that were not in the index before. */
  readonly added: readonly number[];
  readonly block: Composed;
}

/** Puts one block in the place of others, and says that all messages up to `through` are in. */
export function replaceBlocks(edit: Edit, { account, through, old, added, block }: Replacement): void {
  const { index, now, counters } = edit.scope;
  // Messages that went while it was made.
  let dead = added.filter((message) => !isThere(index, account, message)).length;
  let first = added[0] ?? Number.MAX_SAFE_INTEGER;
  let last = added.at(-1) ?? 0;
  for (const row of old) {
    const known = index.get<{ dead: number }>(
      'SELECT dead FROM text_block WHERE account = ? AND last = ?',
      account,
      row.last,
    );
    dead += (known?.dead ?? row.messages) - row.dead;
    first = Math.min(first, row.first);
    last = Math.max(last, row.last);
    if (known) removeBlock(index, account, row);
  }
  if (dead < block.messages) {
    const id = counters.next('textBlock');
    const bytes = addParts(index, id, block.parts);
    index.run(
      `INSERT INTO text_block (${COLUMNS}, dead_since) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[account, last, first, id, block.messages, bytes, dead, dead > 0 ? now : null],
    );
  }
  const sql = `INSERT INTO text_indexed (account, through) VALUES (?, ?)
    ON CONFLICT (account) DO UPDATE SET through = max(through, excluded.through)`;
  index.run(sql, account, through);
}

const isThere = (index: IndexDb, account: number, message: number): boolean =>
  index.get('SELECT 1 AS found FROM message WHERE key = ?', messageKey(account, message)) !== undefined;

function addParts(index: IndexDb, id: number, parts: BlockParts): number {
  assert(parts.length <= PARTS_MAX, 'parts of a text block');
  let bytes = 0;
  for (const [number, data] of parts.entries()) {
    index.run('INSERT INTO text_part (id, data) VALUES (?, ?)', PARTS_MAX * id + number, data);
    bytes += data.length;
  }
  return bytes;
}

function removeBlock(index: IndexDb, account: number, { id, last }: Pick<BlockRow, 'id' | 'last'>): void {
  index.run('DELETE FROM text_part WHERE id BETWEEN ? AND ?', PARTS_MAX * id, PARTS_MAX * id + PARTS_MAX - 1);
  index.run('DELETE FROM text_block WHERE account = ? AND last = ?', account, last);
}

/** A message is forgotten: its texts go when their block is made anew, at once when nothing else is in it. */
export function forgetTexts(edit: Edit, account: number, message: number): void {
  const { index, now } = edit.scope;
  const row = blockAfter(index, account, message - 1);
  if (!row || row.first > message) return;
  if (row.dead + 1 >= row.messages) {
    removeBlock(index, account, row);
    return;
  }
  const sql = `UPDATE text_block SET dead = dead + 1, dead_since = coalesce(dead_since, ?) WHERE account = ? AND last = ?`;
  index.run(sql, now, account, row.last);
}
