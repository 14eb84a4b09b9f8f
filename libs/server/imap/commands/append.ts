import type { Mailbox } from '#mailstore/api';
import {
  type ArgumentReader,
  formatSequenceSet,
  ImapSyntaxError,
  type LiteralHeader,
  readMailboxName,
} from '#protocol/imap';
import type { ByteStream } from '#stdx';
import { MessageIntake } from '../append/intake.ts';
import type { CommandSession, ImapCommand, MessageReceiver, Reply } from '../command.ts';
import { inviteCreate } from '../errors.ts';

/** RFC 9051 §6.3.12; several messages, RFC 3502; APPENDUID, RFC 4315 §3; literal8, RFC 3516 §4.4. Messages go straight into the store as they arrive. */
export const append: ImapCommand<never> = {
  name: 'APPEND',
  states: ['authenticated', 'selected'],
  usesSequences: false,
  breaksSequences: true,
  rfc: 'RFC 9051 §6.3.12',
  // Without a literal there is no message.
  parse: () => {
    throw new ImapSyntaxError('Expected a message literal');
  },
  run: async () => {},
  receive: (session) => new AppendReceiver(session),
};

/** Messages of one APPEND: all of them are staged, and enter the mailbox in one commit. */
class AppendReceiver implements MessageReceiver {
  private mailbox: Mailbox | null = null;
  private readonly intake: MessageIntake;

  constructor(private readonly session: CommandSession) {
    this.intake = new MessageIntake(session);
  }

  async announce(reader: ArgumentReader, literal: LiteralHeader): Promise<'argument' | 'message'> {
    const { session } = this;
    if (!this.mailbox) {
      if (reader.atAnnouncement(literal.headerBytes)) return 'argument';
      const name = readMailboxName(reader, session.names);
      this.mailbox = await session.store.mailbox(session.context, session.accountId, name).catch(inviteCreate);
    }
    await this.intake.announce(reader, literal);
    return 'message';
  }

  message(bytes: ByteStream): Promise<void> {
    return this.intake.message(bytes);
  }

  async finish(reader: ArgumentReader, reply: Reply): Promise<void> {
    try {
      const { session, mailbox, intake } = this;
      if (!mailbox || intake.items.length === 0) return reader.fail('Expected a message literal');
      intake.endLast(reader);
      reader.end();
      const ref = { accountId: session.accountId, mailboxId: mailbox.id };
      const added = await session.store.append(session.context, ref, intake.items).catch(inviteCreate);
      session.touched();
      const uids = formatSequenceSet(added.map(({ uid }) => uid));
      reply.ok('APPEND completed', `APPENDUID ${mailbox.uidValidity} ${uids}`);
    } finally {
      this.abandon();
    }
  }

  abandon(): void {
    this.intake.discard();
  }
}
