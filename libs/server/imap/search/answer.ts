import type { Uid } from '#mailstore/api';
import { formatEsearch, formatSequenceSet, type PositionRange, positionsOf, type SearchReturn } from '#protocol/imap';
import type { CommandSession } from '../command.ts';
import { type Found, highestModSeq } from './run.ts';

interface Style {
  /** Numbers are uids. */
  readonly uid: boolean;
  /** A MODSEQ key was used: tell the highest. RFC 7162 §3.1.5. */
  readonly modSeq: boolean;
}

/** The untagged SEARCH of IMAP4rev1 (RFC 3501 §7.2.5), or SORT (RFC 5256 §4). */
export function answerSearch(
  session: CommandSession,
  found: Found,
  { uid, modSeq }: Style,
  name: 'SEARCH' | 'SORT' = 'SEARCH',
): void {
  const numbers = numbersOf(session, found.uids, uid);
  const list = numbers.length > 0 ? ` ${numbers.join(' ')}` : '';
  session.out.untagged(`${name}${list}${modSeq && numbers.length > 0 ? ` (MODSEQ ${found.modSeq})` : ''}`);
}

/** The untagged ESEARCH, and the saved result. RFC 4731 §3.1, RFC 5182 §2.1, RFC 9394 §3.1. SORT has its own order, RFC 5267 §3. */
export async function answerEsearch(
  session: CommandSession,
  found: Found,
  wanted: SearchReturn,
  style: Style & { readonly tag: string },
): Promise<void> {
  const { uids } = found;
  const numbers = numbersOf(session, uids, style.uid);
  const some = numbers.length > 0;
  if (wanted.save) session.savedSearch = [...savedOf(uids, wanted)].sort((a, b) => a - b);
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
        ? { range: `${partial.first}:${partial.last}`, set: formatSequenceSet(partOf(numbers, partial)) }
        : undefined,
      modSeq: style.modSeq && some ? await modSeqOf(session, found, wanted) : undefined,
    }),
  );
}

function numbersOf({ view }: CommandSession, uids: readonly Uid[], uid: boolean): readonly number[] {
  return uid ? uids : uids.map((each) => view.sequenceOf(each));
}

/** With MIN, MAX or PARTIAL alone only those are saved. RFC 5182 §2.1, RFC 9394 §3.2, their tables. */
function savedOf(uids: readonly Uid[], wanted: SearchReturn): readonly Uid[] {
  if (tellsAll(wanted)) return uids;
  const ends = [wanted.min ? uids[0] : undefined, wanted.max ? uids.at(-1) : undefined];
  const part = wanted.partial ? partOf(uids, wanted.partial) : [];
  return [...new Set([...ends.filter((uid) => uid !== undefined), ...part])];
}

/** RFC 7162 §3.1.10: with MIN, MAX or PARTIAL alone, of the messages told. */
async function modSeqOf(session: CommandSession, found: Found, wanted: SearchReturn): Promise<number> {
  return tellsAll(wanted) ? found.modSeq : highestModSeq(session, savedOf(found.uids, wanted));
}

const tellsAll = (wanted: SearchReturn): boolean =>
  wanted.all || wanted.count || !(wanted.min || wanted.max || wanted.partial);

function partOf(numbers: readonly number[], partial: PositionRange): readonly number[] {
  const { start, end } = positionsOf(partial, numbers.length);
  return numbers.slice(start, end);
}
