import type { ListedMessage, MessageFields, Uid, UidRange } from '#mailstore/api';
import type { CommandSession } from './command.ts';

/** Reading a message nobody asked for costs less than a query of its own for the next one, up to about this many. */
const GAP_MAX = 16;

/** What lists show of messages with ascending uids, in slices; those that have gone are left out. Sparse uids are read in long ranges. */
export async function* readMessages(
  { store, context, view }: CommandSession,
  uids: readonly Uid[],
  fields: MessageFields,
): AsyncIterable<readonly ListedMessage[]> {
  let next = 0;
  for await (const batch of store.listing(context, view.ref, rangesOver(uids), fields))
    yield batch.filter(({ uid }) => {
      while (next < uids.length && uids[next]! < uid) next++;
      return uids[next] === uid;
    });
}

/** Few ranges that hold all of these uids, and some between them. */
function rangesOver(uids: readonly Uid[]): UidRange[] {
  const ranges: { first: Uid; last: Uid }[] = [];
  for (const uid of uids) {
    const last = ranges.at(-1);
    if (last && uid - last.last <= GAP_MAX) last.last = uid;
    else ranges.push({ first: uid, last: uid });
  }
  return ranges;
}
