import { type DirectoryError, makePage, type Page, type PageInput, readPage } from '#directory/api';
import { err, ok, type Result } from '#stdx';

type What = Extract<DirectoryError, { code: 'notFound' }>['what'];
export type Answer<T> = Result<T, DirectoryError>;

export const notFound = (what: What): { ok: false; error: DirectoryError } => err({ code: 'notFound', what });
export const conflict = (what: string): { ok: false; error: DirectoryError } => err({ code: 'conflict', what });

/** One page of the rows wanted, in the order of their keys. */
export function list<T>(
  rows: ReadonlyMap<string, T>,
  page: PageInput,
  wanted: (row: T) => boolean,
  keyOf: (row: T) => string,
): Page<T> {
  const { limit, after } = readPage(page);
  const sorted = [...rows.values()]
    .filter((row) => wanted(row) && keyOf(row) > after)
    .sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  return makePage(sorted.slice(0, limit + 1), limit, keyOf);
}

/** The row with what was given changed, if it still is `version`. */
export function update<T extends { readonly id: string; readonly version: number }>(
  table: Map<string, T>,
  row: T,
  version: number | undefined,
  change: { readonly [Key in keyof T]?: T[Key] | undefined },
  what: What,
): Answer<T> {
  if (version !== undefined && version !== row.version) return err({ code: 'stale', what });
  const wanted = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
  const next: T = { ...row, ...wanted, version: row.version + 1 };
  table.set(row.id, next);
  return ok(next);
}
