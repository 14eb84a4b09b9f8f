import { MailStoreError } from './errors.ts';
import type { MailStoreLimits } from './limits.ts';
import type { KeywordChange } from './store.ts';

// RFC 8621 §4.1.1: 1–255 of %x21–%x7e, except what an IMAP atom cannot hold.
const KEYWORD = /^[\x21-\x7e]{1,255}$/;
const NOT_IN_ATOM = /[(){\]%*"\\]/;

/**
 * Stored form of a keyword set: lower case (RFC 8621 §4.1.1), each once, sorted by code unit.
 * Throws `keywordInvalid`, or `limitExceeded` past `keywordsPerMessageMax`.
 */
export function canonicalKeywords(keywords: readonly string[], limits: MailStoreLimits): readonly string[] {
  if (keywords.length === 0) return [];
  const set = new Set<string>();
  for (const keyword of keywords) {
    if (!KEYWORD.test(keyword) || NOT_IN_ATOM.test(keyword)) throw new MailStoreError('keywordInvalid', keyword);
    set.add(keyword.toLowerCase());
  }
  if (set.size > limits.keywordsPerMessageMax) throw new MailStoreError('limitExceeded', 'too many keywords');
  return [...set].sort();
}

/** The set after a change; `keywords` canonical, and so is the result. Throws `limitExceeded`. */
export function changedKeywords(
  current: readonly string[],
  keywords: readonly string[],
  { mode, within = () => true }: Pick<KeywordChange, 'mode' | 'within'>,
  limits: MailStoreLimits,
): readonly string[] {
  const given = keywords.filter(within);
  if (mode === 'remove') return current.filter((keyword) => !given.includes(keyword));
  const kept = mode === 'replace' ? current.filter((keyword) => !within(keyword)) : current;
  return kept.length === 0 ? given : canonicalKeywords([...kept, ...given], limits);
}
