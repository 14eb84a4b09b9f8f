import { decodeEncodedWords } from './encoded-word.ts';

/** RFC 5256 §5, over text whose blanks are single spaces. */
const BLOB = String.raw`\[[^[\]]*\] *`;
const LEADER = new RegExp(`(?:(?:${BLOB})*(?:re|fwd?) *(?:${BLOB})?:| )`, 'iy');
const LEADING_BLOB = new RegExp(BLOB, 'y');
const TRAILER = /(?:\(fwd\)| )$/i;

/** Longer subjects are compared by this much: stripping prefixes stays cheap. RFC 5322 §2.1.1 ends a line at 998. */
const CHARACTERS_MAX = 998;

/** RFC 5256 §2.1: the subject that replies and forwards share, and whether it is one. */
interface BaseSubject {
  readonly base: string;
  readonly isReply: boolean;
}

function readSubject(text: string): BaseSubject {
  // Steps are the RFC's: (1) Unicode, blanks to single spaces.
  let base = decodeEncodedWords(text.slice(0, 8 * CHARACTERS_MAX))
    .replace(/\s+/g, ' ')
    .slice(0, CHARACTERS_MAX);
  let isReply = false;
  for (;;) {
    // (2) Trailers.
    for (let match = TRAILER.exec(base); match !== null; match = TRAILER.exec(base)) {
      isReply ||= match[0] !== ' ';
      base = base.slice(0, match.index);
    }
    // (3) to (5) Leaders; and blobs, unless nothing would be left.
    let start = 0;
    for (;;) {
      const leader = matchLength(LEADER, base, start);
      const length = leader || matchLength(LEADING_BLOB, base, start);
      if (length === 0 || (leader === 0 && start + length === base.length)) break;
      isReply ||= leader > 0 && base.slice(start, start + leader) !== ' ';
      start += length;
    }
    base = base.slice(start);
    // (6) Forwards in brackets.
    if (!/^\[fwd:/i.test(base) || !base.endsWith(']')) return { base, isReply };
    base = base.slice(5, -1);
    isReply = true;
  }
}

function matchLength(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0].length ?? 0;
}

/** RFC 5256 §2.1's base subject: decoded, without Re:, Fwd:, list tags and (fwd). Case is kept; compare it without. `text` is raw or decoded. */
export function baseSubject(text: string): string {
  return readSubject(text).base;
}

/** Whether RFC 5256 §2.1 takes the subject for a reply or a forward. */
export function isReplySubject(text: string): boolean {
  return readSubject(text).isReply;
}
