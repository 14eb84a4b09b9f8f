import type { ModSeq, Uid } from '#mailstore/api';
import type { SearchKey } from '#protocol/imap';
import type { CommandSession } from '../command.ts';
import { filterOf } from './filter.ts';

/** What a search found in this session's view. */
export interface Found {
  /** Ascending. */
  readonly uids: readonly Uid[];
  /** Highest modSeq among them, 0 when none. */
  readonly modSeq: ModSeq;
}

/** Messages the client does not know of yet are not found, even if the store has them. */
export async function runSearch(session: CommandSession, key: SearchKey): Promise<Found> {
  const { store, context, view } = session;
  const filter = await filterOf(session, key);
  const { uids, modSeq } = await store.search(context, view.ref, filter);
  const known: Uid[] = [];
  for (const uid of uids) if (view.sequenceOf(uid) > 0) known.push(uid);
  return { uids: known, modSeq: known.length === uids.length ? modSeq : await highestModSeq(session, known) };
}

/** Highest modSeq of these messages. */
export async function highestModSeq({ store, context, view }: CommandSession, uids: readonly Uid[]): Promise<ModSeq> {
  let highest = 0;
  const ranges = uids.map((uid) => ({ first: uid, last: uid }));
  for await (const batch of store.summaries(context, view.ref, ranges))
    for (const { modSeq } of batch) highest = Math.max(highest, modSeq);
  return highest;
}
