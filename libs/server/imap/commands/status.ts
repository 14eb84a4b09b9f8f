import { parseStatus, type StatusItem } from '#protocol/imap';
import { unreachable } from '#stdx';
import type { CommandSession, ImapCommand } from '../command.ts';
import { formatMailboxName } from '../mailbox-text.ts';
import { mailboxObjectId } from '../object-ids.ts';
import { type FoundMailbox, findMailbox } from '../shared-names.ts';

/** RFC 9051 §6.3.11. */
export const status: ImapCommand<ReturnType<typeof parseStatus>> = {
  name: 'STATUS',
  states: ['authenticated', 'selected'],
  usesSequences: false,
  breaksSequences: true,
  rfc: 'RFC 9051 §6.3.11',
  parse: (reader, { names }) => parseStatus(reader, names),
  async run(session, { mailbox, items }, reply) {
    const found = await findMailbox(session, mailbox);
    session.out.untagged(await formatStatus(session, found, items));
    reply.ok('STATUS completed');
  },
};

/** The untagged STATUS that was asked for, also by LIST … RETURN (STATUS (…)). */
export async function formatStatus(
  session: CommandSession,
  found: FoundMailbox,
  items: readonly StatusItem[],
): Promise<string> {
  // RFC 7162 §3.1.7: asking for HIGHESTMODSEQ is a CONDSTORE-enabling command.
  if (items.includes('HIGHESTMODSEQ')) session.enable('CONDSTORE');
  return describeStatus(session, found, items);
}

/** The untagged STATUS. */
export async function describeStatus(
  session: CommandSession,
  found: FoundMailbox,
  items: readonly StatusItem[],
): Promise<string> {
  const values: string[] = [];
  for (const item of items) values.push(`${item} ${await statusValue(session, found, item)}`);
  return `STATUS ${formatMailboxName(session, found.mailbox.name)} (${values.join(' ')})`;
}

async function statusValue(session: CommandSession, found: FoundMailbox, item: StatusItem): Promise<string | number> {
  const { mailbox } = found;
  switch (item) {
    case 'MESSAGES':
      return mailbox.messages;
    case 'RECENT':
      return mailbox.recentUid < mailbox.uidNext ? countFrom(session, found) : 0;
    case 'UIDNEXT':
      return mailbox.uidNext;
    case 'UIDVALIDITY':
      return mailbox.uidValidity;
    case 'UNSEEN':
      return mailbox.unseen;
    case 'DELETED':
      return mailbox.deleted;
    case 'DELETED-STORAGE':
      return mailbox.deleted > 0 ? deletedBytes(session, found) : 0;
    case 'SIZE':
      return mailbox.sizeBytes;
    case 'HIGHESTMODSEQ':
      return mailbox.modSeq;
    case 'APPENDLIMIT':
      return session.limits.appendBytesMax;
    case 'MAILBOXID':
      return `(${mailboxObjectId(session, found)})`;
    default:
      return unreachable(item);
  }
}

/** Messages no session has claimed as \Recent. */
async function countFrom({ store, context }: CommandSession, { ref, mailbox }: FoundMailbox): Promise<number> {
  const { uids } = await store.search(context, ref, { kind: 'uidFrom', uid: mailbox.recentUid });
  return uids.length;
}

/** RFC 9208 §4.1.4: bytes that expunging would free. */
async function deletedBytes({ store, context }: CommandSession, { ref }: FoundMailbox): Promise<number> {
  const { uids } = await store.search(context, ref, { kind: 'keyword', keyword: '$deleted' });
  let bytes = 0;
  const ranges = uids.map((uid) => ({ first: uid, last: uid }));
  for await (const batch of store.messages(context, ref, ranges, {})) for (const { size } of batch) bytes += size;
  return bytes;
}
