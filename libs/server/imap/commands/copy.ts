import type { CopiedUids } from '#mailstore/api';
import { formatSequenceSet, parseCopy } from '#protocol/imap';
import { copyAcross } from '../across.ts';
import type { CommandSession, ImapCommand, Reply } from '../command.ts';
import { ImapRefusal, inviteCreate } from '../errors.ts';

type CopyArguments = ReturnType<typeof parseCopy>;

import { findMailbox } from '../shared-names.ts';

/** RFC 9051 §6.4.7; COPYUID, RFC 4315 §3. All are copied or none. */
export const copy: ImapCommand<CopyArguments> = {
  name: 'COPY',
  states: ['selected'],
  usesSequences: true,
  breaksSequences: true,
  rfc: 'RFC 9051 §6.4.7',
  parse: (reader, { names }) => parseCopy(reader, names),
  run: (session, args, reply) => run(session, args, reply, false),
};

export const uidCopy: ImapCommand<CopyArguments> = {
  ...copy,
  name: 'UID COPY',
  usesSequences: false,
  rfc: 'RFC 9051 §6.4.9',
  run: (session, args, reply) => run(session, args, reply, true),
};

async function run(session: CommandSession, args: CopyArguments, reply: Reply, uid: boolean): Promise<void> {
  const { store, context, view } = session;
  const { ranges, count } = session.resolve(args.messages, uid);
  const target = await findMailbox(session, args.mailbox).catch(inviteCreate);
  const isAbroad = target.ref.accountId !== view.ref.accountId;
  const copied = await (isAbroad
    ? copyAcross(session, ranges, target)
    : store.copy(context, view.ref, ranges, target.ref.mailboxId)
  ).catch(inviteCreate);
  session.touched();
  // RFC 2180 §4.4.1: what is left of the messages is copied, COPYUID says which; by number, none left is a failure.
  if (!uid && count > 0 && copied.source.length === 0)
    throw new ImapRefusal('EXPUNGEISSUED', 'These messages are gone');
  reply.ok(uid ? 'UID COPY completed' : 'COPY completed', copyUid(copied));
}

/** `COPYUID uidvalidity source target`; nothing when nothing was copied. */
export function copyUid(copied: CopiedUids): string | undefined {
  if (copied.source.length === 0) return undefined;
  return `COPYUID ${copied.uidValidity} ${formatSequenceSet(copied.source)} ${formatSequenceSet(copied.target)}`;
}
