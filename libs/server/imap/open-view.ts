import { type Mailbox, type MailboxRef, type MailStore, MailStoreError } from '#mailstore/api';
import { canonicalMailboxName, type SelectedMark } from '#protocol/imap';
import type { RequestContext } from '#stdx';
import { findMailbox } from './shared-names.ts';
import { hideVanished } from './sync.ts';
import { MailboxView } from './view.ts';

/** RFC 4314 §5.2: none of them is READ-ONLY. */
const CHANGING_RIGHTS = /[iswte]/;

interface Viewer {
  readonly store: MailStore;
  readonly context: RequestContext;
  readonly accountId: string;
  /** Called before the first look, so that no change is missed. */
  watch(ref: MailboxRef): void;
}

export interface OpenedView {
  readonly mailbox: Mailbox;
  readonly view: MailboxView;
  /** The mailbox has changed while it was read. */
  readonly stale: boolean;
}

/** A mailbox by its name, and a first view of it. */
export async function openView(viewer: Viewer, name: string, readOnly: boolean): Promise<OpenedView> {
  const { store, context } = viewer;
  const { ref, mailbox } = await findMailbox(viewer, canonicalMailboxName(name));
  const { uidValidity, uidNext, modSeq } = mailbox;
  const rights = await store.sharing.rights(context, ref);
  viewer.watch(ref);
  const uids = await store.uids(context, ref);
  // What came since is told by the next sync, like anything later.
  let known = uids.length;
  while (known > 0 && uids[known - 1]! >= uidNext) known--;
  const isReadOnly = readOnly || !CHANGING_RIGHTS.test(rights);
  const view = new MailboxView(ref, uidValidity, isReadOnly, uids.subarray(0, known), uidNext, modSeq, modSeq);
  view.rights = rights;
  const now = await store.mailbox(context, ref.accountId, mailbox.id);
  if (now.modSeq !== modSeq) hideVanished(view, await store.changes(context, ref, modSeq));
  return { mailbox, view, stale: now.modSeq !== modSeq };
}

/** The view of a mark, as its client knows it; a sentence where it cannot be had any more. */
export async function resumeView(viewer: Viewer, selected: SelectedMark): Promise<MailboxView | string> {
  const { store, context } = viewer;
  const accountId = selected.accountId ?? viewer.accountId;
  const mailbox = await store.mailbox(context, accountId, selected.mailboxId).catch(nullIfGone);
  if (!mailbox) return SELECTED_IS_GONE;
  if (mailbox.uidValidity !== selected.uidValidity) return 'The selected mailbox is another one now';
  const ref = { accountId, mailboxId: mailbox.id };
  viewer.watch(ref);
  // In this order: what goes in between is then in both, and not in neither.
  const uids = await store.uids(context, ref);
  const changes = await store.changes(context, ref, selected.expungesToldTo);
  if (!changes.exact || selected.neverTold === null) return 'Too much has changed, connect again';
  const vanished = changes.vanished.map(({ uid }) => uid);
  const view = MailboxView.fromMark(selected, mailbox, accountId, uids, vanished);
  view.rights = await store.sharing.rights(context, ref);
  return view;
}

export const SELECTED_IS_GONE = 'The selected mailbox was deleted';

function nullIfGone(error: unknown): null {
  if (error instanceof MailStoreError && error.code === 'mailboxNotFound') return null;
  throw error;
}
