import { parseCopy } from '#protocol/imap';
import { moveAcross } from '../across.ts';
import type { CommandSession, ImapCommand, Reply } from '../command.ts';
import { inviteCreate } from '../errors.ts';
import { copyUid } from './copy.ts';

type MoveArguments = ReturnType<typeof parseCopy>;

import { findMailbox } from '../shared-names.ts';

/** RFC 6851: COPYUID goes out untagged, before the EXPUNGEs that tell the messages have gone. */
export const move: ImapCommand<MoveArguments> = {
  name: 'MOVE',
  states: ['selected'],
  usesSequences: true,
  breaksSequences: true,
  rfc: 'RFC 9051 §6.4.8',
  parse: (reader, { names }) => parseCopy(reader, names),
  run: (session, args, reply) => run(session, args, reply, false),
};

export const uidMove: ImapCommand<MoveArguments> = {
  ...move,
  name: 'UID MOVE',
  usesSequences: false,
  rfc: 'RFC 9051 §6.4.9',
  run: (session, args, reply) => run(session, args, reply, true),
};

async function run(session: CommandSession, args: MoveArguments, reply: Reply, uid: boolean): Promise<void> {
  session.assertWritable();
  const { store, context, view } = session;
  const { ranges } = session.resolve(args.messages, uid);
  const target = await findMailbox(session, args.mailbox).catch(inviteCreate);
  const isAbroad = target.ref.accountId !== view.ref.accountId;
  const moved = await (isAbroad
    ? moveAcross(session, ranges, target)
    : store.move(context, view.ref, ranges, target.ref.mailboxId)
  ).catch(inviteCreate);
  const code = copyUid(moved);
  if (code) session.out.untagged(`OK [${code}] Moved`);
  session.touched();
  await session.sync(true);
  // RFC 7162 §3.2.10 asks for it of every command that expunges.
  reply.ok('MOVE completed', session.enabled.has('QRESYNC') ? `HIGHESTMODSEQ ${view.expungesToldTo}` : undefined);
}
