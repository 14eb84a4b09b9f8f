import type { Uid } from '#mailstore/api';
import { formatEsearch, formatSequenceSet, type SearchReturn } from '#protocol/imap';
import type { CommandSession } from '../command.ts';
import { type Found, highestModSeq } from './run.ts';

interface Style {
  /** Numbers are uids. */
  readonly uid: boolean;
  /** A MODSEQ key was used: tell the highest. RFC 7162 §3.1.5. */
  readonly modSeq: boolean;
}

/** The untagged SEARCH of IMAP4rev1. RFC 3501 §7.2.5. */
export function answerSearch(session: CommandSession, found: Found, { uid, modSeq }: Style): void {
  const numbers = numbersOf(session, found.uids, uid);
  const list = numbers.length > 0 ? ` ${numbers.join(' ')}` : '';
  session.out.untagged(`SEARCH${list}${modSeq && numbers.length > 0 ? ` (MODSEQ ${found.modSeq})` : ''}`);
}

/** The untagged ESEARCH, and the saved result. RFC 4731 §3.1, RFC 5182 §2.1, RFC 9394 §3.1. */
export async function answerEsearch(
  session: CommandSession,
  found: Found,
  wanted: SearchReturn,
  style: Style & { readonly tag: string },
): Promise<void> {
  const { uids } = found;
  const numbers = numbersOf(session, uids, style.uid);
  const some = numbers.length > 0;
  if (wanted.save) session.savedSearch = savedOf(uids, wanted);
  const { partial } = wanted;
  if (!(wanted.min || wanted.max || wanted.all || wanted.count || partial)) return;
  session.out.untagged(
    formatEsearch({
      tag: style.tag,
      uid: style.uid,
      min: wanted.min && some ? numbers[0] : undefined,
      max: wanted.max && some ? numbers.at(-1) : undefined,
      count: wanted.count ? numbers.length : undefined,
      all: wanted.all ? formatSequenceSet(numbers) : undefined,
      partial: partial
        ? { range: `${partial.first}:${partial.last}`, set: formatSequenceSet(sliceOf(numbers, partial)) }
        : undefined,
      modSeq: style.modSeq && some ? await modSeqOf(session, found, wanted) : undefined,
    }),
  );
}

function numbersOf({ view }: CommandSession, uids: readonly Uid[], uid: boolean): readonly number[] {
  return uid ? uids : uids.map((each) => view.sequenceOf(each));
}

/** With MIN or MAX alone only those are saved. RFC 5182 §2.1 table. */
function savedOf(uids: readonly Uid[], wanted: SearchReturn): readonly Uid[] {
  if (wanted.all || wanted.count || !(wanted.min || wanted.max)) return uids;
  const ends = [wanted.min ? uids[0] : undefined, wanted.max ? uids.at(-1) : undefined];
  return [...new Set(ends.filter((uid) => uid !== undefined))];
}

/** RFC 7162 §3.1.10: with MIN or MAX alone, of the messages told. */
async function modSeqOf(session: CommandSession, found: Found, wanted: SearchReturn): Promise<number> {
  if (wanted.all || wanted.count || !(wanted.min || wanted.max)) return found.modSeq;
  return highestModSeq(session, savedOf(found.uids, wanted));
}

/** Positions from 1, or negative from the end. RFC 9394 §3.1. */
function sliceOf(numbers: readonly number[], { first, last }: { first: number; last: number }): readonly number[] {
  if (first > 0) return numbers.slice(first - 1, last);
  // -1:-100 is the last hundred: `first` is nearer to the end.
  return numbers.slice(Math.max(0, numbers.length + last), Math.max(0, numbers.length + first + 1));
}
