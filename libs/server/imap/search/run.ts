import type { MessageFilter, ModSeq, Uid } from '#mailstore/api';
import type { CommandSession } from '../command.ts';
import type { MailboxView, Selection } from '../view.ts';

/** What a search found in this session's view. */
export interface Found {
  /** Ascending; in the order of SORT where that was asked for. */
  readonly uids: readonly Uid[];
  /** Highest modSeq among them, 0 when none. */
  readonly modSeq: ModSeq;
}

/** Messages the client does not know of yet are not found, even if the store has them. */
export async function runSearch(session: CommandSession, filter: MessageFilter): Promise<Found> {
  const { store, context, view } = session;
  // What numbers alone decide, a view that is up to date knows.
  if (filter.kind === 'all' && !session.stale) return { uids: uidsOf(view, view.all()), modSeq: 0 };
  if (filter.kind === 'uids' && !session.stale) return { uids: uidsOf(view, view.byUid(filter.ranges)), modSeq: 0 };
  const { uids, modSeq } = await store.search(context, view.ref, filter, (done, goal) => {
    session.progress = { done, goal };
  });
  const known: Uid[] = [];
  for (const uid of uids) if (view.sequenceOf(uid) > 0) known.push(uid);
  return { uids: known, modSeq: known.length === uids.length ? modSeq : await highestModSeq(session, known) };
}

function uidsOf(view: MailboxView, { indexes }: Selection): Uid[] {
  const uids: Uid[] = [];
  for (const { first, last } of indexes) for (let i = first; i <= last; i++) uids.push(view.uidAt(i));
  return uids;
}

/** Highest modSeq of these messages. */
export async function highestModSeq({ store, context, view }: CommandSession, uids: readonly Uid[]): Promise<ModSeq> {
  let highest = 0;
  const ranges = uids.map((uid) => ({ first: uid, last: uid }));
  for await (const batch of store.flags(context, view.ref, ranges))
    for (const { modSeq } of batch) highest = Math.max(highest, modSeq);
  return highest;
}
