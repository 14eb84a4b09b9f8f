import type { AppendItem, CopiedUids, UidRange } from '#mailstore/api';
import type { CommandSession } from './command.ts';
import { ImapRefusal } from './errors.ts';
import type { FoundMailbox } from './shared-names.ts';

/** Copied in one commit, so that all are or none: RFC 9051 §6.4.7. Mail clients copy some hundred at once. */
const ACROSS_MESSAGES_MAX = 1_000;

/** COPY from the selected mailbox to one of another account: bytes that both hold are kept once. */
export async function copyAcross(
  { store, context, view }: CommandSession,
  ranges: readonly UidRange[],
  { ref, mailbox }: FoundMailbox,
): Promise<CopiedUids> {
  const items: AppendItem[] = [];
  const source: number[] = [];
  try {
    for await (const batch of store.messages(context, view.ref, ranges, {}))
      for (const { uid, blobId, keywords, internalDate } of batch) {
        if (items.length === ACROSS_MESSAGES_MAX)
          throw new ImapRefusal('LIMIT', `At most ${ACROSS_MESSAGES_MAX} messages at once between accounts`);
        items.push({ message: await store.stage(store.read(blobId)), keywords, internalDate });
        source.push(uid);
      }
    const added = items.length === 0 ? [] : await store.append(context, ref, items);
    const { id: mailboxId, uidValidity, modSeq } = mailbox;
    return { mailboxId, uidValidity, source, target: added.map(({ uid }) => uid), modSeq };
  } finally {
    for (const { message } of items) message.discard();
  }
}

/** MOVE: the copies are safe before anything is taken away. RFC 4314 §4 asks for the right to, which is looked at first. */
export async function moveAcross(
  session: CommandSession,
  ranges: readonly UidRange[],
  target: FoundMailbox,
): Promise<CopiedUids> {
  const { store, context, view } = session;
  if (![...'te'].every((right) => view.rights.includes(right)))
    throw new ImapRefusal('NOPERM', 'Messages may not be taken out of this mailbox');
  const copied = await copyAcross(session, ranges, target);
  const gone = copied.source.map((uid) => ({ first: uid, last: uid }));
  if (gone.length > 0) await store.expunge(context, view.ref, gone, { any: true });
  return copied;
}
