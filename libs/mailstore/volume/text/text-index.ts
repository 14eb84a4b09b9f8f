import type { Edit } from '../edit.ts';
import type { IndexDb } from '../index-db.ts';
import { messageKey } from '../rows.ts';
import { asTokens, matchAll, type QueryGram } from './grams.ts';

/** Where a text stands: in the message's own header, or in its body. */
export type TextPlace = 'header' | 'body';

/** What is told of one message's texts. */
export interface MessageGrams {
  /** Of `message`, the row's key. */
  readonly key: number;
  readonly header: ReadonlySet<string>;
  readonly body: ReadonlySet<string>;
}

/** Keys of a search answer before others have their turn. */
const SLICE_KEYS = 20_000;

/** Adds messages of an account and says that all up to `through` are in. Messages that went meanwhile are left out. */
export function addTexts(edit: Edit, account: number, through: number, messages: readonly MessageGrams[]): void {
  const { index } = edit.scope;
  for (const { key, header, body } of messages) {
    if (!index.get('SELECT 1 AS found FROM message WHERE key = ?', key)) continue;
    index.run('INSERT INTO text_header (rowid, grams) VALUES (CAST(? AS INTEGER), ?)', key, asTokens(header));
    index.run('INSERT INTO text_body (rowid, grams) VALUES (CAST(? AS INTEGER), ?)', key, asTokens(body));
  }
  const sql = `INSERT INTO text_indexed (account, through) VALUES (?, ?)
    ON CONFLICT (account) DO UPDATE SET through = excluded.through`;
  index.run(sql, account, through);
}

/** A message is forgotten: so are its texts. */
export function forgetTexts(edit: Edit, key: number): void {
  const { index } = edit.scope;
  index.run('DELETE FROM text_header WHERE rowid = CAST(? AS INTEGER)', key);
  index.run('DELETE FROM text_body WHERE rowid = CAST(? AS INTEGER)', key);
}

/** Highest message of the account that is in, and those below it. */
export const indexedThrough = (index: IndexDb, account: number): number =>
  index.get<{ through: number }>('SELECT through FROM text_indexed WHERE account = ?', account)?.through ?? 0;

/** Messages of the account, ascending, whose text in that place holds all of the pieces; a slice at a time. */
export function* holding(
  index: IndexDb,
  place: TextPlace,
  account: number,
  grams: readonly QueryGram[],
): Generator<readonly number[]> {
  const table = place === 'header' ? 'text_header' : 'text_body';
  const first = messageKey(account, 0);
  // FTS5 uses bounds that are integers, and numbers are bound as reals.
  const sql = `SELECT rowid - ? FROM ${table} WHERE ${table} MATCH ? AND rowid > CAST(? AS INTEGER) AND rowid < CAST(? AS INTEGER) ORDER BY rowid LIMIT ${SLICE_KEYS}`;
  for (let after = first; ; ) {
    const rows = index.tuples<[number]>(sql, first, matchAll(grams), after, messageKey(account + 1, 0));
    yield rows.map(([message]) => message);
    if (rows.length < SLICE_KEYS) return;
    after = first + (rows.at(-1)?.[0] ?? 0);
  }
}
