import type { Uid, UidRange } from '#mailstore/api';

/** Cuts normal ranges so that none of the pieces names more than `size` of the uids (ascending); pieces in order, at least one. */
export function piecesOf(
  ranges: readonly UidRange[],
  uids: Uint32Array,
  size: number,
): readonly (readonly UidRange[])[] {
  const pieces: UidRange[][] = [];
  let piece: UidRange[] = [];
  let room = size;
  for (const range of ranges) {
    let { first } = range;
    let at = firstAtOrAfter(uids, first);
    const end = firstAtOrAfter(uids, range.last + 1);
    while (end - at >= room) {
      const last: Uid = uids[at + room - 1]!;
      piece.push({ first, last });
      pieces.push(piece);
      piece = [];
      at += room;
      first = last + 1;
      room = size;
    }
    if (at < end) piece.push({ first, last: range.last });
    room -= end - at;
  }
  if (piece.length > 0 || pieces.length === 0) pieces.push(piece);
  return pieces;
}

/** Whether the ranges cannot name more than `size` uids, whatever the mailbox holds. */
export function spanAtMost(ranges: readonly UidRange[], size: number): boolean {
  let span = 0;
  for (const { first, last } of ranges) span += last - first + 1;
  return span <= size;
}

/** Index of the first uid ≥ `wanted`. */
function firstAtOrAfter(uids: Uint32Array, wanted: number): number {
  let low = 0;
  let high = uids.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (uids[middle]! < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
