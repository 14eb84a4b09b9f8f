import type { AccountId, AppendItem } from '#mailstore/api';
import { type ArgumentReader, formatSequenceSet, ImapSyntaxError, readMailboxName } from '#protocol/imap';
import { present } from '#stdx';
import { type MessageCommand, MessageIntake } from '../append/intake.ts';
import type { CommandSession, ImapCommand, Reply } from '../command.ts';
import { inviteCreate } from '../errors.ts';
import { type FoundMailbox, findMailbox } from '../shared-names.ts';

/** RFC 9051 §6.3.12; several messages, RFC 3502; APPENDUID, RFC 4315 §3; literal8, RFC 3516 §4.4; CATENATE, RFC 4469. Messages go straight into the store as they arrive. */
export const append: ImapCommand<never> = {
  name: 'APPEND',
  states: ['authenticated', 'selected'],
  usesSequences: false,
  breaksSequences: true,
  rfc: 'RFC 9051 §6.3.12',
  parse: () => {
    throw new ImapSyntaxError('Expected a message literal');
  },
  run: async () => {},
  receive: (session) => new MessageIntake(session, new AppendCommand(session)),
};

class AppendCommand implements MessageCommand {
  readonly messagesMax = Number.POSITIVE_INFINITY;
  readonly freedBytes = 0;

  get accountId(): AccountId | undefined {
    return this.target?.ref.accountId;
  }

  private target: FoundMailbox | null = null;

  constructor(private readonly session: CommandSession) {}

  async begin(reader: ArgumentReader, announcedBytes: number | null): Promise<'argument' | 'begun'> {
    if (announcedBytes !== null && reader.atAnnouncement(announcedBytes)) return 'argument';
    const name = readMailboxName(reader, this.session.names);
    this.target = await findMailbox(this.session, name).catch(inviteCreate);
    return 'begun';
  }

  async commit(items: readonly AppendItem[], reply: Reply): Promise<void> {
    const { session } = this;
    const { ref, mailbox } = present(this.target, 'mailbox');
    const { uidValidity } = mailbox;
    const added = await session.store.append(session.context, ref, items).catch(inviteCreate);
    session.touched();
    reply.ok('APPEND completed', `APPENDUID ${uidValidity} ${formatSequenceSet(added.map(({ uid }) => uid))}`);
  }
}
