import { setImmediate as nextTurn } from 'node:timers/promises';

/** Does `each` for all of many items; others have their turn after every `size` of them, which is to be a few milliseconds' work. */
export async function inTurns<T>(items: Iterable<T>, size: number, each: (item: T) => void): Promise<void> {
  let done = 0;
  for (const item of items) {
    if (done > 0 && done % size === 0) await nextTurn();
    each(item);
    done++;
  }
}
