import type { Mailbox } from '#mailstore/api';
import { parseStatus, type StatusItem } from '#protocol/imap';
import { unreachable } from '#stdx';
import type { CommandSession, ImapCommand } from '../command.ts';
import { formatMailboxName } from '../mailbox-text.ts';
import { mailboxObjectId } from '../object-ids.ts';

/** RFC 9051 §6.3.11. */
export const status: ImapCommand<ReturnType<typeof parseStatus>> = {
  name: 'STATUS',
  states: ['authenticated', 'selected'],
  usesSequences: false,
  breaksSequences: true,
  rfc: 'RFC 9051 §6.3.11',
  parse: (reader, { names }) => parseStatus(reader, names),
  async run(session, { mailbox, items }, reply) {
    const found = await session.store.mailbox(session.context, session.accountId, mailbox);
    session.out.untagged(await formatStatus(session, found, items));
    reply.ok('STATUS completed');
  },
};

/** The untagged STATUS, also for LIST … RETURN (STATUS (…)). */
export async function formatStatus(
  session: CommandSession,
  mailbox: Mailbox,
  items: readonly StatusItem[],
): Promise<string> {
  const values: string[] = [];
  for (const item of items) values.push(`${item} ${await statusValue(session, mailbox, item)}`);
  // RFC 7162 §3.1.7: asking for HIGHESTMODSEQ is a CONDSTORE-enabling command.
  if (items.includes('HIGHESTMODSEQ')) session.enable('CONDSTORE');
  return `STATUS ${formatMailboxName(session, mailbox.name)} (${values.join(' ')})`;
}

async function statusValue(session: CommandSession, mailbox: Mailbox, item: StatusItem): Promise<string | number> {
  switch (item) {
    case 'MESSAGES':
      return mailbox.messages;
    case 'RECENT':
      return mailbox.recentUid < mailbox.uidNext ? countFrom(session, mailbox) : 0;
    case 'UIDNEXT':
      return mailbox.uidNext;
    case 'UIDVALIDITY':
      return mailbox.uidValidity;
    case 'UNSEEN':
      return mailbox.unseen;
    case 'DELETED':
      return mailbox.deleted;
    case 'DELETED-STORAGE':
      return mailbox.deleted > 0 ? deletedBytes(session, mailbox) : 0;
    case 'SIZE':
      return mailbox.sizeBytes;
    case 'HIGHESTMODSEQ':
      return mailbox.modSeq;
    case 'APPENDLIMIT':
      return session.limits.appendBytesMax;
    case 'MAILBOXID':
      return `(${mailboxObjectId(mailbox)})`;
    default:
      return unreachable(item);
  }
}

/** Messages no session has claimed as \Recent. */
async function countFrom({ store, context, accountId }: CommandSession, mailbox: Mailbox): Promise<number> {
  const { uids } = await store.search(
    context,
    { accountId, mailboxId: mailbox.id },
    { kind: 'uidFrom', uid: mailbox.recentUid },
  );
  return uids.length;
}

/** RFC 9208 §4.1.4: bytes that expunging would free. */
async function deletedBytes({ store, context, accountId }: CommandSession, { id }: Mailbox): Promise<number> {
  const ref = { accountId, mailboxId: id };
  const { uids } = await store.search(context, ref, { kind: 'keyword', keyword: '$deleted' });
  let bytes = 0;
  const ranges = uids.map((uid) => ({ first: uid, last: uid }));
  for await (const batch of store.messages(context, ref, ranges, {})) for (const { size } of batch) bytes += size;
  return bytes;
}
