/** One range of a sequence set as written; `*` is `'*'`. RFC 9051 §9 `seq-range`: the two ends may come in any order. */
export interface SequenceRange {
  readonly first: number | '*';
  readonly last: number | '*';
}

/** A sequence set as sent, or `$`, the saved search result (RFC 5182). */
export type SequenceSet = readonly SequenceRange[] | '$';

/** Inclusive, `first <= last`, both numbers. */
export interface NumberRange {
  readonly first: number;
  readonly last: number;
}

/** Puts in the value of `*` (the largest number in use; 0 when there is none), orders, sorts and merges. */
export function resolveSequenceSet(set: readonly SequenceRange[], largest: number): NumberRange[] {
  const ranges: { first: number; last: number }[] = [];
  for (const range of set) {
    const a = range.first === '*' ? largest : range.first;
    const b = range.last === '*' ? largest : range.last;
    ranges.push({ first: Math.min(a, b), last: Math.max(a, b) });
  }
  ranges.sort((x, y) => x.first - y.first);
  const merged: { first: number; last: number }[] = [];
  for (const range of ranges) {
    const previous = merged.at(-1);
    if (previous && range.first <= previous.last + 1) previous.last = Math.max(previous.last, range.last);
    else merged.push(range);
  }
  return merged;
}

/** The numbers of a set as `formatSequenceSet` writes it. For our own sets only: nothing bounds what it makes. */
export function expandSequenceSet(set: string): number[] {
  const numbers: number[] = [];
  for (const range of set === '' ? [] : set.split(',')) {
    const [first = 0, last = first] = range.split(':').map(Number);
    for (let n = first; n <= last; n++) numbers.push(n);
  }
  return numbers;
}

/** The shortest sequence set of ascending numbers: `1:3,7`. '' for none. */
export function formatSequenceSet(ascending: ArrayLike<number>): string {
  let out = '';
  let at = 0;
  while (at < ascending.length) {
    const first = ascending[at]!;
    let last = first;
    while (++at < ascending.length && ascending[at] === last + 1) last++;
    if (out !== '') out += ',';
    out += first === last ? first : `${first}:${last}`;
  }
  return out;
}
