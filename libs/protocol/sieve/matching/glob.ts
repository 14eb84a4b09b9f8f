import { characterAt, offsetBefore, PAUSE_STEPS, type Paused } from './characters.ts';

/** A pattern of `:matches` (RFC 5228 §2.7.1): stretches between stars, each character literal, or `null` for `?`. */
export type Glob = readonly (readonly (string | null)[])[];

/** `fold` is the comparator's, of one character. */
export function parseGlob(pattern: string, fold: (character: string) => string): Glob {
  const stretches: (string | null)[][] = [[]];
  const characters = Array.from(pattern);
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at]!;
    if (character === '*') stretches.push([]);
    else if (character === '?') stretches.at(-1)!.push(null);
    // RFC 5228 §2.7.1: \* and \? are themselves.
    else stretches.at(-1)!.push(fold(character === '\\' && at + 1 < characters.length ? characters[++at]! : character));
  }
  return stretches;
}

/**
 * What each wildcard stood for, whole text first, or `null`. A star takes as little as it can (RFC 5229 §3.2). `spend` is
 * told of the characters compared.
 */
export function* matchGlob(
  glob: Glob,
  text: string,
  fold: (character: string) => string,
  spend: (steps: number) => void,
): Paused<readonly string[] | null> {
  const found: string[] = [text];
  let at = 0;
  for (const [index, stretch] of glob.entries()) {
    const place = { isFirst: index === 0, isLast: index === glob.length - 1 };
    const match = yield* placeOf(stretch, { text, fold, spend }, at, place);
    if (!match) return null;
    if (index > 0) found.push(text.slice(at, match.start));
    found.push(...match.wildcards);
    at = match.end;
  }
  return at === text.length ? found : null;
}

interface Searched {
  readonly text: string;
  readonly fold: (character: string) => string;
  readonly spend: (steps: number) => void;
}

interface Placed {
  readonly start: number;
  readonly end: number;
  /** What each `?` stood for. */
  readonly wildcards: readonly string[];
}

/** Where a stretch lies: the first at the start, the last at the end, others as early as they can. */
function* placeOf(
  stretch: Glob[number],
  searched: Searched,
  from: number,
  { isFirst, isLast }: { readonly isFirst: boolean; readonly isLast: boolean },
): Paused<Placed | null> {
  const { text, spend } = searched;
  if (isFirst) return matchAt(stretch, searched, from);
  if (isLast) {
    const start = offsetBefore(text, text.length, stretch.length);
    return start < from ? null : matchAt(stretch, searched, start);
  }
  let steps = 0;
  for (let start = from; start <= text.length; start += start < text.length ? characterAt(text, start).length : 1) {
    const match = matchAt(stretch, searched, start);
    if (match) return match;
    spend(1);
    if (++steps % PAUSE_STEPS === 0) yield;
  }
  return null;
}

function matchAt(stretch: Glob[number], { text, fold, spend }: Searched, start: number): Placed | null {
  const wildcards: string[] = [];
  let at = start;
  for (const [index, wanted] of stretch.entries()) {
    const character = at < text.length ? characterAt(text, at) : null;
    if (character === null || (wanted !== null && fold(character) !== wanted)) {
      spend(index);
      return null;
    }
    if (wanted === null) wildcards.push(character);
    at += character.length;
  }
  spend(stretch.length);
  return { start, end: at, wildcards };
}
