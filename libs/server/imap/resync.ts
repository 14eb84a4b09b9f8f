import type { MailboxChanges, Uid } from '#mailstore/api';
import { formatSequenceSet, type NumberRange, type QresyncArguments, type SequenceRange } from '#protocol/imap';
import type { CommandSession } from './command.ts';
import { tellMessageFlags } from './sync.ts';
import type { MailboxView } from './view.ts';

/** Answers between two looks at the connection's back pressure. */
const BATCH = 500;

/**
 * Tells a client that comes back what has vanished and changed since the modSeq it remembers. RFC 7162 §3.2.5. The store's
 * tombstones are exact, so the client's guesses at numbers (§3.2.5.2) are not needed to bound the answer.
 */
export async function resynchronize(
  session: CommandSession,
  view: MailboxView,
  { modSeq, knownUids }: QresyncArguments,
): Promise<void> {
  const { store, context, out } = session;
  const known = knownUids === null ? null : rangesOf(knownUids);
  const changes = await store.changes(context, view.ref, modSeq);
  tellVanishedEarlier(session, view, changes, known);
  let sent = 0;
  for (const message of changes.changed) {
    const sequence = view.sequenceOf(message.uid);
    if (sequence === 0 || (known && !within(known, message.uid))) continue;
    tellMessageFlags(session, view, sequence, message);
    session.toldFlags(message.uid, message.modSeq);
    if (++sent % BATCH === 0) await out.drained();
  }
}

/** VANISHED (EARLIER): what a client may still have of these uids and is not there. RFC 7162 §3.2.10.1. */
export function tellVanishedEarlier(
  { out }: CommandSession,
  view: MailboxView,
  { vanished }: MailboxChanges,
  ranges: readonly NumberRange[] | null,
): void {
  const gone: Uid[] = [];
  // What this view still shows will be told as news, not as history.
  for (const { uid } of vanished)
    if (uid < view.uidNext && view.sequenceOf(uid) === 0 && (!ranges || within(ranges, uid))) gone.push(uid);
  if (gone.length > 0) out.untagged(`VANISHED (EARLIER) ${formatSequenceSet(gone)}`);
}

/** Uid ranges as a client means them for messages that may be gone: `*` is the end of all uids. */
export function rangesOf(set: readonly SequenceRange[]): NumberRange[] {
  const bound = (n: number | '*'): number => (n === '*' ? Number.POSITIVE_INFINITY : n);
  return set.map(({ first, last }) => ({
    first: Math.min(bound(first), bound(last)),
    last: Math.max(bound(first), bound(last)),
  }));
}

const within = (ranges: readonly NumberRange[], uid: Uid): boolean =>
  ranges.some(({ first, last }) => uid >= first && uid <= last);
