import type { Uid, UidRange } from './model.ts';

const UID_MAX = 0xffff_ffff;

/**
 * Sorted, merged and cut to real uids, so that each message is met once and in ascending order.
 * `first` and `last` may come in either order, as in RFC 9051's `seq-range` ("2:4 and 4:2 are equivalent").
 */
export function normalRanges(ranges: readonly UidRange[]): readonly UidRange[] {
  const sorted = ranges
    .map(({ first, last }) => ({
      first: Math.max(1, Math.min(first, last)),
      last: Math.min(UID_MAX, Math.max(first, last)),
    }))
    .filter(({ first, last }) => first <= last)
    .sort((a, b) => a.first - b.first);
  const merged: { first: Uid; last: Uid }[] = [];
  for (const range of sorted) {
    const previous = merged.at(-1);
    if (previous && range.first <= previous.last + 1) previous.last = Math.max(previous.last, range.last);
    else merged.push(range);
  }
  return merged;
}

/** Whether one of the ranges, as `normalRanges` gives them, holds the uid. */
export function inRanges(ranges: readonly UidRange[], uid: Uid): boolean {
  let low = 0;
  let high = ranges.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const range = ranges[middle]!;
    if (uid < range.first) high = middle - 1;
    else if (uid > range.last) low = middle + 1;
    else return true;
  }
  return false;
}
