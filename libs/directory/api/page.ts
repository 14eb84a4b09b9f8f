import type { Page, PageInput } from './registry.ts';

export const PAGE_LIMIT_DEFAULT = 50;
/** A page is one answer: 500 accounts are about 150 KB of JSON. */
export const PAGE_LIMIT_MAX = 500;

/** The keyset a page asks for: up to `limit` rows whose key sorts after `after`, by code point. */
export function readPage(page: PageInput): { readonly limit: number; readonly after: string } {
  const limit = Math.min(Math.max(Math.trunc(page.limit ?? PAGE_LIMIT_DEFAULT), 1), PAGE_LIMIT_MAX);
  return { limit, after: page.after === undefined ? '' : Buffer.from(page.after, 'base64url').toString() };
}

/** Makes the page from rows read with one more than `limit`, so that the last page knows it is. */
export function makePage<T>(rows: readonly T[], limit: number, keyOf: (row: T) => string): Page<T> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  if (rows.length <= limit || last === undefined) return { items };
  return { items, next: Buffer.from(keyOf(last)).toString('base64url') };
}
