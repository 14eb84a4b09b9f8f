import type { Uid, UidRange } from '#mailstore/api';

/**
 * Cuts normal ranges so that none of the pieces names more than `size` of the uids there are; pieces in order, at least one. `nth` finds
 * the nth of them (from 1) between two uids, when there are so many.
 */
export function* piecesOf(
  ranges: readonly UidRange[],
  size: number,
  nth: (n: number, first: Uid, last: Uid) => Uid | undefined,
): Iterable<readonly UidRange[]> {
  let piece: UidRange[] = [];
  let room = size;
  let isFirst = true;
  for (const { first, last } of ranges)
    for (let from = first; from <= last; ) {
      const span = last - from + 1;
      const to = span <= room ? last : (nth(room, from, last) ?? last);
      piece.push({ first: from, last: to });
      room -= Math.min(span, room);
      from = to + 1;
      if (room > 0) continue;
      yield piece;
      isFirst = false;
      piece = [];
      room = size;
    }
  if (piece.length > 0 || isFirst) yield piece;
}

/** Whether the ranges cannot name more than `size` uids, whatever the mailbox holds. */
export function spanAtMost(ranges: readonly UidRange[], size: number): boolean {
  let span = 0;
  for (const { first, last } of ranges) span += last - first + 1;
  return span <= size;
}
