import { MailStoreError } from './errors.ts';
import type { AppendItem, KeywordChange } from './store.ts';

/** RFC 4314 §4: `s` is for \Seen, `t` for \Deleted, `w` for all others; flags one may not change are passed over. */
export function permittedKeywords(held: string, change: KeywordChange): KeywordChange {
  if (!/[swt]/.test(held)) throw new MailStoreError('notPermitted', 'needs s, w or t');
  return { ...change, within: (keyword) => held.includes(rightTo(keyword)) };
}

/** What somebody may append: a flag one may not change is not set (RFC 4314 §4). */
export const permittedItems = (held: string, items: readonly AppendItem[]): readonly AppendItem[] =>
  items.map((item) => ({ ...item, keywords: item.keywords.filter((keyword) => held.includes(rightTo(keyword))) }));

const rightTo = (keyword: string): string => (keyword === '$seen' ? 's' : keyword === '$deleted' ? 't' : 'w');
