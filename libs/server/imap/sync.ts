import { setImmediate as nextTurn } from 'node:timers/promises';
import type { MailboxChanges, MessageSummary, ModSeq, Uid } from '#mailstore/api';
import { formatSequenceSet } from '#protocol/imap';
import type { CommandSession } from './command.ts';
import { formatFlags } from './keywords.ts';
import type { MailboxView } from './view.ts';

/** Unsolicited FETCH answers built between two looks at the connection's back pressure. */
const BATCH = 500;
/** EXPUNGE answers written before other sessions have their turn. */
const EXPUNGES_A_TURN = 5_000;

/**
 * Tells the client what changed in its mailbox since it was last told: expunges (only when `expunges`), then additions, then
 * flags. Expunges first, so that the sequence numbers of the others are already the new ones. `told` holds flag states
 * the running command has answered with itself. Returns the uids that were added.
 */
export async function tellChanges(
  session: CommandSession,
  view: MailboxView,
  told: ReadonlyMap<Uid, ModSeq>,
  { expunges, flags }: { readonly expunges: boolean; readonly flags: boolean },
): Promise<readonly Uid[]> {
  const { store, context } = session;
  const changes = await store.changes(context, view.ref, Math.min(view.expungesToldTo, view.flagsToldTo));
  await tellExpunges(session, view, changes, expunges);
  const knownBelow = view.uidNext;
  const added = await tellAdditions(session, view, changes, knownBelow);
  if (view.expungesToldTo < changes.modSeq) hideVanished(view, changes);
  else view.neverTold = [];
  if (flags) await tellFlags(session, view, changes, knownBelow, told);
  else view.hideFlags(changes.modSeq);
  return added;
}

async function tellExpunges(
  session: CommandSession,
  view: MailboxView,
  changes: MailboxChanges,
  allowed: boolean,
): Promise<void> {
  const gone = vanishedFrom(view, changes);
  if (gone.length > 0 && !allowed) return;
  view.expungesToldTo = changes.modSeq;
  if (gone.length === 0) return;
  const { out } = session;
  const sequences = view.remove(gone);
  if (session.savedSearch && session.savedSearch.length > 0) {
    // RFC 5182 §2.1: expunged messages leave the saved result.
    const lost = new Set(gone);
    session.savedSearch = session.savedSearch.filter((uid) => !lost.has(uid));
  }
  // RFC 9586 §3.3: there are no numbers to expunge then.
  if (session.enabled.has('QRESYNC') || session.enabled.has('UIDONLY'))
    out.untagged(`VANISHED ${formatSequenceSet(gone)}`);
  // From the end, so that no number sent has been shifted by one before it (RFC 9051 §7.5.1).
  else
    for (let i = sequences.length - 1; i >= 0; i--) {
      out.untagged(`${sequences[i]} EXPUNGE`);
      if (i % EXPUNGES_A_TURN === EXPUNGES_A_TURN - 1) await nextTurn();
    }
}

/** Uids in the view that the store says have vanished and the client has not been told of, ascending. */
function vanishedFrom(view: MailboxView, changes: MailboxChanges): Uid[] {
  const gone: Uid[] = [];
  for (const { uid, modSeq } of changes.vanished)
    if ((modSeq > view.expungesToldTo || !changes.exact) && view.sequenceOf(uid) > 0) gone.push(uid);
  return gone;
}

/** Notes which of the vanished, after `expungesToldTo`, the client never knew of. */
export function hideVanished(view: MailboxView, { vanished }: MailboxChanges): void {
  view.neverTold = vanished.map(({ uid }) => uid).filter((uid) => uid < view.uidNext && view.sequenceOf(uid) === 0);
}

async function tellAdditions(
  session: CommandSession,
  view: MailboxView,
  changes: MailboxChanges,
  knownBelow: Uid,
): Promise<readonly Uid[]> {
  const added: Uid[] = [];
  for (const { uid } of changes.changed) if (uid >= knownBelow) added.push(uid);
  view.uidNext = Math.max(view.uidNext, changes.uidNext);
  if (added.length === 0) return added;
  view.append(added);
  const { out } = session;
  out.untagged(`${view.exists} EXISTS`);
  if (!session.enabled.has('IMAP4REV2')) {
    await claimRecent(session, view);
    out.untagged(`${view.recentCount} RECENT`);
  }
  return added;
}

/** Takes \Recent for messages no session has had it for; a read-only view only looks. RFC 3501 §2.3.2. */
export async function claimRecent(session: CommandSession, view: MailboxView): Promise<void> {
  const { store, context } = session;
  const last = view.uidNext - 1;
  const first = view.readOnly
    ? (await store.mailbox(context, view.ref.accountId, view.mailboxId)).recentUid
    : await store.claimRecent(context, view.ref);
  if (first <= last) view.addRecent(first, last);
}

async function tellFlags(
  session: CommandSession,
  view: MailboxView,
  changes: MailboxChanges,
  knownBelow: Uid,
  told: ReadonlyMap<Uid, ModSeq>,
): Promise<void> {
  const { out } = session;
  let sent = 0;
  for (const message of changes.changed) {
    if (message.uid >= knownBelow || message.modSeq <= view.flagsToldTo) continue;
    if (told.get(message.uid) === message.modSeq) continue;
    const sequence = view.sequenceOf(message.uid);
    if (sequence === 0) continue;
    tellMessageFlags(session, view, sequence, message);
    if (++sent % BATCH === 0) await out.drained();
  }
  view.flagsToldTo = Math.max(view.flagsToldTo, changes.modSeq);
}

/** An unsolicited FETCH with the flags of one message. RFC 7162 §3.1: MODSEQ once CONDSTORE is on. */
export function tellMessageFlags(
  session: CommandSession,
  view: MailboxView,
  sequence: number,
  message: MessageSummary,
): void {
  const recent = !session.enabled.has('IMAP4REV2') && view.isRecent(message.uid);
  const modSeq = session.enabled.has('CONDSTORE') ? ` MODSEQ (${message.modSeq})` : '';
  const opening = fetchOpening(session, message.uid, sequence, true);
  session.out.untagged(`${opening}FLAGS (${formatFlags(message.keywords, recent)})${modSeq})`);
}

/** `3 FETCH (UID 20 `, or without numbers `20 UIDFETCH (`. RFC 9586 §3.2. */
export function fetchOpening(
  { enabled }: Pick<CommandSession, 'enabled'>,
  uid: Uid,
  sequence: number,
  tellsUid: boolean,
): string {
  if (enabled.has('UIDONLY')) return `${uid} UIDFETCH (`;
  return `${sequence} FETCH (${tellsUid ? `UID ${uid} ` : ''}`;
}
