import type { AccountId, AppendItem, StoredMessage, Uid } from '#mailstore/api';
import { type ArgumentReader, ImapSyntaxError, readMailboxName } from '#protocol/imap';
import { present } from '#stdx';
import { type MessageCommand, MessageIntake } from '../append/intake.ts';
import type { CommandSession, ImapCommand, Reply } from '../command.ts';
import { ImapRefusal, inviteCreate } from '../errors.ts';
import { type FoundMailbox, findMailbox } from '../shared-names.ts';

/** RFC 8508 §3: one message comes and another goes in one commit. */
export const replace: ImapCommand<never> = {
  name: 'REPLACE',
  states: ['selected'],
  usesSequences: true,
  breaksSequences: true,
  rfc: 'RFC 8508 §3.3',
  parse: () => {
    throw new ImapSyntaxError('Expected a message literal');
  },
  run: async () => {},
  receive: (session) => new MessageIntake(session, new ReplaceCommand(session, false)),
};

export const uidReplace: ImapCommand<never> = {
  ...replace,
  name: 'UID REPLACE',
  usesSequences: false,
  rfc: 'RFC 8508 §3.4',
  receive: (session) => new MessageIntake(session, new ReplaceCommand(session, true)),
};

class ReplaceCommand implements MessageCommand {
  readonly messagesMax = 1;
  freedBytes = 0;

  get accountId(): AccountId | undefined {
    return this.target?.ref.accountId;
  }

  private uid: Uid = 0;
  private target: FoundMailbox | null = null;

  constructor(
    private readonly session: CommandSession,
    private readonly byUid: boolean,
  ) {}

  async begin(reader: ArgumentReader, announcedBytes: number | null): Promise<'argument' | 'begun'> {
    const { view, names } = this.session;
    this.session.assertWritable();
    const uid = this.readMessage(reader);
    reader.space();
    if (announcedBytes !== null && reader.atAnnouncement(announcedBytes)) return 'argument';
    const name = readMailboxName(reader, names);
    const replaced = await this.find(uid);
    this.target = await findMailbox(this.session, name).catch(inviteCreate);
    if (this.target.ref.accountId !== view.ref.accountId)
      throw new ImapRefusal('CANNOT', 'Messages are replaced within one account');
    this.uid = replaced.uid;
    this.freedBytes = replaced.size;
    return 'begun';
  }

  async commit(items: readonly AppendItem[], reply: Reply): Promise<void> {
    const { session, uid } = this;
    const { ref, mailbox } = present(this.target, 'mailbox');
    const { uidValidity } = mailbox;
    const { view, store, context } = session;
    const replaced = { mailboxId: view.mailboxId, uid };
    const [added] = await store.append(context, ref, items, replaced).catch(inviteCreate);
    session.touched();
    // RFC 8508 §4.3: before the EXPUNGE that tells the other has gone.
    session.out.untagged(`OK [APPENDUID ${uidValidity} ${present(added, 'message').uid}] Replaced`);
    await session.sync(true);
    reply.ok(
      `${this.byUid ? 'UID ' : ''}REPLACE completed`,
      session.enabled.has('QRESYNC') ? `HIGHESTMODSEQ ${view.expungesToldTo}` : undefined,
    );
  }

  /** One number. RFC 8508 §5 `seq-number`. */
  private readMessage(reader: ArgumentReader): Uid | undefined {
    const set = reader.sequenceSet();
    const [only] = set;
    if (set === '$' || set.length !== 1 || typeof only !== 'object' || only.first !== only.last)
      return reader.fail('Expected one message');
    const { ranges } = this.session.resolve(set, this.byUid);
    return ranges[0]?.first;
  }

  private async find(uid: Uid | undefined): Promise<StoredMessage> {
    const { store, context, view } = this.session;
    if (uid !== undefined)
      for await (const [message] of store.messages(context, view.ref, [{ first: uid, last: uid }], {}))
        if (message) return message;
    throw new ImapRefusal(this.byUid ? 'NONEXISTENT' : 'EXPUNGEISSUED', 'This message is gone');
  }
}
