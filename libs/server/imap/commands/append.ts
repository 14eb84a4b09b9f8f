import type { Mailbox, StagedMessage } from '#mailstore/api';
import {
  type AppendItemArguments,
  type ArgumentReader,
  formatSequenceSet,
  ImapSyntaxError,
  type LiteralHeader,
  parseAppendItem,
  readMailboxName,
} from '#protocol/imap';
import type { ByteStream } from '#stdx';
import type { CommandSession, ImapCommand, MessageReceiver, Reply } from '../command.ts';
import { ImapRefusal, inviteCreate } from '../errors.ts';
import { keywordsOf } from '../keywords.ts';

/** RFC 9051 §6.3.12; several messages, RFC 3502; APPENDUID, RFC 4315 §3. Messages go straight into the store as they arrive. */
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
  private readonly staged: StagedMessage[] = [];
  private readonly items: { readonly keywords: readonly string[]; readonly internalDate: number }[] = [];
  private announcedBytes = 0;

  constructor(private readonly session: CommandSession) {}

  async announce(reader: ArgumentReader, literal: LiteralHeader): Promise<'argument' | 'message'> {
    if (!this.mailbox && reader.atAnnouncement(literal.headerBytes)) return 'argument';
    const { session } = this;
    const name = this.mailbox ? null : readMailboxName(reader, session.names);
    reader.space();
    const item = parseAppendItem(reader);
    if (!reader.atAnnouncement(literal.headerBytes)) reader.fail('Expected a message literal');
    const keywords = keywordsOf(item.flags.filter((flag) => flag.toLowerCase() !== '\\recent'));
    if (name !== null)
      this.mailbox = await session.store.mailbox(session.context, session.accountId, name).catch(inviteCreate);
    await this.checkRoom(item, literal);
    this.items.push({ keywords, internalDate: item.internalDate ?? session.clock.now() });
    return 'message';
  }

  async message(bytes: ByteStream): Promise<void> {
    this.staged.push(await this.session.store.stage(bytes));
  }

  async finish(reader: ArgumentReader, reply: Reply): Promise<void> {
    try {
      const { session, mailbox, staged, items } = this;
      if (!mailbox || staged.length === 0) return reader.fail('Expected a message literal');
      reader.end();
      const added = await session.store
        .append(
          session.context,
          { accountId: session.accountId, mailboxId: mailbox.id },
          items.map((item, i) => ({ ...item, message: staged[i]! })),
        )
        .catch(inviteCreate);
      session.touched();
      const uids = formatSequenceSet(added.map(({ uid }) => uid));
      reply.ok('APPEND completed', `APPENDUID ${mailbox.uidValidity} ${uids}`);
    } finally {
      this.abandon();
    }
  }

  abandon(): void {
    for (const message of this.staged.splice(0)) message.discard();
  }

  /** Refuses what will not fit while the client still waits to send it. */
  private async checkRoom(item: AppendItemArguments, literal: LiteralHeader): Promise<void> {
    const { session } = this;
    if (item.utf8 || literal.binary) throw new ImapSyntaxError('literal8 is not supported');
    // RFC 3502 §6.3.11: an empty message ends a MULTIAPPEND that is to be given up; no message is empty.
    if (literal.size === 0) throw new ImapRefusal(null, 'An empty message cannot be stored');
    if (literal.size > session.limits.appendBytesMax) throw new ImapRefusal('TOOBIG', 'The message is too large');
    this.announcedBytes += literal.size;
    const { quotaBytes, usedBytes } = await session.store.account(session.context, session.accountId);
    if (quotaBytes > 0 && usedBytes + this.announcedBytes > quotaBytes)
      throw new ImapRefusal('OVERQUOTA', 'The quota would be exceeded');
  }
}
