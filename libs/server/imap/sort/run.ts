import type { Uid } from '#mailstore/api';
import type { SortCriterion } from '#protocol/imap';
import type { CommandSession } from '../command.ts';
import { readMessages } from '../read-messages.ts';
import { sortedIndexes } from './sliced-sort.ts';
import { needsEnvelope, type SortKey, sortKeyOf } from './sort-keys.ts';

/** The messages in the order of the criteria; equal ones by their numbers. Those that have gone meanwhile are left out. */
export async function sortMessages(
  session: CommandSession,
  uids: readonly Uid[],
  criteria: readonly SortCriterion[],
): Promise<readonly Uid[]> {
  const found: Uid[] = [];
  const columns = criteria.map(({ field, reverse }) => ({ field, sign: reverse ? -1 : 1, keys: [] as SortKey[] }));
  const looksInside = criteria.some(needsEnvelope);
  for await (const batch of readMessages(session, uids, { envelope: looksInside }))
    for (const message of batch) {
      found.push(message.uid);
      for (const { field, keys } of columns) keys.push(sortKeyOf(message, field));
      session.progress = { done: found.length, goal: uids.length };
    }
  const order = await sortedIndexes(found.length, (a, b) => {
    for (let column = 0; column < columns.length; column++) {
      const { keys, sign } = columns[column]!;
      const [left, right] = [keys[a]!, keys[b]!];
      if (left !== right) return left < right ? -sign : sign;
    }
    return a - b;
  });
  return Array.from(order, (index) => found[index]!);
}
