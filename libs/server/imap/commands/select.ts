import { ImapSyntaxError, parseSelect, type SelectArguments } from '#protocol/imap';
import type { CommandSession, ImapCommand, Reply } from '../command.ts';
import { UidRequiredError } from '../errors.ts';
import { COMMON_FLAGS } from '../keywords.ts';
import { tellListed } from '../list-response.ts';
import { mailboxObjectId } from '../object-ids.ts';
import { resynchronize } from '../resync.ts';
import type { MailboxView } from '../view.ts';

/** SELECT and EXAMINE. RFC 9051 §6.3.2–3; CONDSTORE, RFC 7162 §3.1.8. */
export const select: ImapCommand<SelectArguments> = {
  name: 'SELECT',
  states: ['authenticated', 'selected'],
  usesSequences: false,
  breaksSequences: false,
  rfc: 'RFC 9051 §6.3.2',
  parse: (reader, { names }) => parseSelect(reader, names),
  run: (session, args, reply) => open(session, args, reply, false),
};

export const examine: ImapCommand<SelectArguments> = {
  ...select,
  name: 'EXAMINE',
  rfc: 'RFC 9051 §6.3.3',
  run: (session, args, reply) => open(session, args, reply, true),
};

async function open(session: CommandSession, args: SelectArguments, reply: Reply, readOnly: boolean): Promise<void> {
  const { out } = session;
  // RFC 7162 §3.2.5: only after ENABLE QRESYNC.
  if (args.qresync && !session.enabled.has('QRESYNC')) throw new ImapSyntaxError('ENABLE QRESYNC first');
  if (args.qresync?.match && session.enabled.has('UIDONLY')) throw new UidRequiredError();
  // A failed SELECT leaves nothing selected, so the old view goes first (RFC 9051 §6.3.2).
  if (session.unselect()) out.untagged('OK [CLOSED] Previous mailbox closed');
  if (args.condstore) session.enable('CONDSTORE');
  const { mailbox, view } = await session.select(args.mailbox, readOnly);
  const rev2 = session.enabled.has('IMAP4REV2');
  out.untagged(`FLAGS (${COMMON_FLAGS.join(' ')})`);
  out.untagged(
    view.readOnly
      ? 'OK [PERMANENTFLAGS ()] Read-only'
      : `OK [PERMANENTFLAGS (${permanentFlags(view.rights)})] What may be changed here`,
  );
  out.untagged(`${view.exists} EXISTS`);
  if (!rev2) {
    out.untagged(`${view.recentCount} RECENT`);
    const unseen = mailbox.unseen > 0 && !session.enabled.has('UIDONLY') ? await firstUnseen(session, view) : 0;
    if (unseen > 0) out.untagged(`OK [UNSEEN ${unseen}] First unseen`);
  }
  out.untagged(`OK [UIDVALIDITY ${mailbox.uidValidity}] UIDs valid`);
  out.untagged(`OK [UIDNEXT ${mailbox.uidNext}] Predicted next UID`);
  out.untagged(`OK [HIGHESTMODSEQ ${mailbox.modSeq}] Highest`);
  out.untagged(`OK [MAILBOXID (${mailboxObjectId(session, { ref: view.ref, mailbox })})] Its name for good`);
  if (rev2) await tellListed(session, mailbox.name, args.asSent === mailbox.name ? undefined : args.asSent);
  if (args.qresync?.uidValidity === mailbox.uidValidity) await resynchronize(session, view, args.qresync);
  reply.ok(readOnly ? 'EXAMINE completed' : 'SELECT completed', view.readOnly ? 'READ-ONLY' : 'READ-WRITE');
}

/** RFC 4314 §4: `s` is for \Seen, `t` for \Deleted, `w` for all others. */
function permanentFlags(rights: string): string {
  const own: Readonly<Record<string, string>> = { '\\Seen': 's', '\\Deleted': 't' };
  const flags = COMMON_FLAGS.filter((flag) => rights.includes(own[flag] ?? 'w'));
  return [...flags, ...(rights.includes('w') ? ['\\*'] : [])].join(' ');
}

/** Sequence number of the first message without \Seen; 0 when it would take too long to find. RFC 3501 §6.3.1. */
async function firstUnseen(session: CommandSession, view: MailboxView): Promise<number> {
  if (view.exists > session.limits.firstUnseenMessagesMax) return 0;
  const { uids } = await session.store.search(session.context, view.ref, {
    kind: 'not',
    of: { kind: 'keyword', keyword: '$seen' },
  });
  for (const uid of uids) {
    const sequence = view.sequenceOf(uid);
    if (sequence > 0) return sequence;
  }
  return 0;
}
