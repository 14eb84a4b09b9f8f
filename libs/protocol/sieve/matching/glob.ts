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
export function matchGlob(
  glob: Glob,
  text: readonly string[],
  fold: (character: string) => string,
  spend: (steps: number) => void,
): readonly string[] | null {
  const folded = text.map(fold);
  const found: string[] = [text.join('')];
  let at = 0;
  for (const [index, stretch] of glob.entries()) {
    const start = placeOf(stretch, folded, at, { isFirst: index === 0, isLast: index === glob.length - 1 }, spend);
    if (start < 0) return null;
    if (index > 0) found.push(text.slice(at, start).join(''));
    for (const [offset, wanted] of stretch.entries()) if (wanted === null) found.push(text[start + offset]!);
    at = start + stretch.length;
  }
  return at === text.length ? found : null;
}

/** Where a stretch lies: the first at the start, the last at the end, others as early as they can. */
function placeOf(
  stretch: readonly (string | null)[],
  text: readonly string[],
  from: number,
  { isFirst, isLast }: { readonly isFirst: boolean; readonly isLast: boolean },
  spend: (steps: number) => void,
): number {
  const last = text.length - stretch.length;
  const first = isLast && !isFirst ? last : from;
  for (let start = first; start <= (isFirst ? from : last); start++) {
    if (start < from || start > last) return -1;
    let matched = 0;
    while (matched < stretch.length && (stretch[matched] === null || stretch[matched] === text[start + matched]))
      matched++;
    spend(matched + 1);
    if (matched === stretch.length) return start;
  }
  return -1;
}
