import { setImmediate as nextTurn } from 'node:timers/promises';

/** Elements put in order, or merged, before others have their turn: a few milliseconds with comparisons of texts. */
const RUN = 500;
const MERGED_A_TURN = 5_000;

/** The numbers 0 … `length` − 1 in the order of `compare`; equal ones stay as they are. Never holds the event loop for long. */
export async function sortedIndexes(length: number, compare: (a: number, b: number) => number): Promise<Uint32Array> {
  let from = Uint32Array.from({ length }, (_, i) => i);
  for (let start = 0; start < length; start += RUN) {
    if (start > 0) await nextTurn();
    from.subarray(start, start + RUN).sort(compare);
  }
  let to = new Uint32Array(length);
  for (let width = RUN; width < length; width *= 2) {
    await mergeRuns(from, to, width, compare);
    [from, to] = [to, from];
  }
  return from;
}

/** Merges neighbouring runs of `width`; those on the left win a draw. */
async function mergeRuns(
  from: Uint32Array,
  to: Uint32Array,
  width: number,
  compare: (a: number, b: number) => number,
): Promise<void> {
  let at = 0;
  for (let start = 0; start < from.length; start += 2 * width) {
    const middle = Math.min(start + width, from.length);
    const end = Math.min(start + 2 * width, from.length);
    let left = start;
    let right = middle;
    while (at < end) {
      const takeLeft = right === end || (left < middle && compare(from[left]!, from[right]!) <= 0);
      to[at++] = from[takeLeft ? left++ : right++]!;
      if (at % MERGED_A_TURN === 0) await nextTurn();
    }
  }
}
