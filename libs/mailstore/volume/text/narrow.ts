import { setImmediate as nextTurn } from 'node:timers/promises';
import type { MessageFilter } from '#mailstore/api';
import type { IndexDb } from '../index-db.ts';
import { queryGrams } from './grams.ts';
import { holding, type TextPlace } from './text-index.ts';

/**
 * Messages of the account, among those that are in the index, which alone can match the filter; `undefined` when the index
 * cannot tell. It never leaves out one that matches: what it names is still to be looked at.
 */
export async function narrow(
  index: IndexDb,
  account: number,
  filter: MessageFilter,
): Promise<ReadonlySet<number> | undefined> {
  const find = (text: string, ...places: TextPlace[]) => found(index, account, text, places);
  switch (filter.kind) {
    case 'header':
      return find(filter.text, 'header');
    case 'body':
      return find(filter.text, 'body');
    case 'text':
      return find(filter.text, 'header', 'body');
    case 'and': {
      let smallest: ReadonlySet<number> | undefined;
      for (const part of filter.of) {
        const set = await narrow(index, account, part);
        if (set) smallest = smallest ? new Set([...smallest].filter((message) => set.has(message))) : set;
      }
      return smallest;
    }
    case 'or': {
      const union = new Set<number>();
      for (const part of filter.of) {
        const set = await narrow(index, account, part);
        if (!set) return undefined;
        for (const message of set) union.add(message);
      }
      return union;
    }
    default:
      // What is not in a set of candidates is not known to match: NOT cannot be narrowed.
      return undefined;
  }
}

async function found(
  index: IndexDb,
  account: number,
  text: string,
  places: readonly TextPlace[],
): Promise<ReadonlySet<number> | undefined> {
  const grams = queryGrams(text);
  if (grams.length === 0) return undefined;
  const messages = new Set<number>();
  for (const place of places)
    for (const slice of holding(index, place, account, grams)) {
      for (const message of slice) messages.add(message);
      await nextTurn();
    }
  return messages;
}
