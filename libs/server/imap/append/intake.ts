import type { AccountId, AppendItem } from '#mailstore/api';
import {
  type AppendPiece,
  type AppendPlace,
  type ArgumentReader,
  ImapSyntaxError,
  type LiteralHeader,
  parseAppendPieces,
} from '#protocol/imap';
import { type ByteStream, present } from '#stdx';
import type { CommandSession, MessageReceiver, Reply } from '../command.ts';
import { ImapRefusal } from '../errors.ts';
import { keywordsOf } from '../keywords.ts';
import { type Part, partOfUrl } from './catenate.ts';
import { stageMessage } from './stage-message.ts';

/** What a command does around the messages it brings. */
export interface MessageCommand {
  /** Reads what stands before the messages. `announcedBytes` is there when a literal is: 'argument' when it belongs to that, which is then read again. */
  begin(reader: ArgumentReader, announcedBytes: number | null): Promise<'argument' | 'begun'>;
  /** Brings them into a mailbox, all or none. */
  commit(items: readonly AppendItem[], reply: Reply): Promise<void>;
  readonly messagesMax: number;
  /** What goes when they come. */
  readonly freedBytes: number;
  /** Whose mailbox the messages go to, once that is known. */
  readonly accountId: AccountId | undefined;
}

/** A message that is not whole yet. */
interface Unfinished extends Omit<AppendItem, 'message'> {
  readonly form: 'literal' | 'utf8' | 'catenate';
  /** literal8: NUL may be in it. RFC 3516 §4.4. */
  binary: boolean;
  /** Of a message put together; all of what is staged is let go of in the end. */
  readonly parts: Part[];
}

/** Takes in the messages of APPEND and REPLACE as they arrive: each is staged, and enters a mailbox with the command's commit. */
export class MessageIntake implements MessageReceiver {
  private readonly items: AppendItem[] = [];
  /** A message has been taken in: what is read next begins after it, no longer with the command's arguments. */
  private received = false;
  private place: AppendPlace = 'between';
  private unfinished: Unfinished | null = null;
  private announcedBytes = 0;

  constructor(
    private readonly session: CommandSession,
    private readonly command: MessageCommand,
  ) {}

  /** Refuses what will not fit while the client still waits to send it. */
  async announce(reader: ArgumentReader, literal: LiteralHeader): Promise<'argument' | 'message'> {
    const { headerBytes } = literal;
    if (!this.received && (await this.command.begin(reader, headerBytes)) === 'argument') return 'argument';
    const pieces = parseAppendPieces(reader, this.place, headerBytes);
    if (!pieces) return 'argument';
    await this.apply(pieces);
    const unfinished = present(this.unfinished, 'a message for the literal');
    if (unfinished.form === 'utf8') this.checkUtf8(literal);
    await this.checkRoom(literal.size);
    unfinished.binary ||= literal.binary;
    return 'message';
  }

  async message(bytes: ByteStream): Promise<void> {
    this.received = true;
    const unfinished = present(this.unfinished, 'a message for the literal');
    if (unfinished.form === 'catenate') {
      const staged = await this.session.store.stage(bytes);
      unfinished.parts.push({ size: staged.size, open: () => staged.bytes(), close: () => staged.discard() });
      this.place = 'catenate';
      return;
    }
    await this.finishMessage(unfinished, bytes);
    this.place = unfinished.form === 'utf8' ? 'utf8' : 'between';
  }

  async finish(reader: ArgumentReader, reply: Reply): Promise<void> {
    try {
      if (!this.received) await this.command.begin(reader, null);
      await this.apply(parseAppendPieces(reader, this.place, null) ?? []);
      if (this.items.length === 0) reader.fail('Expected a message literal');
      await this.command.commit(this.items, reply);
    } finally {
      this.abandon();
    }
  }

  abandon(): void {
    for (const { close } of this.unfinished?.parts ?? []) close();
    this.unfinished = null;
    for (const { message } of this.items.splice(0)) message.discard();
  }

  private async apply(pieces: readonly AppendPiece[]): Promise<void> {
    for (const piece of pieces) {
      if (piece.kind === 'begin') this.beginMessage(piece);
      else if (piece.kind === 'end') await this.endMessage();
      else await this.addUrl(piece.url);
    }
  }

  private beginMessage({ flags, internalDate, form }: AppendPiece & { kind: 'begin' }): void {
    if (this.items.length === this.command.messagesMax) throw new ImapSyntaxError('One message is enough');
    const keywords = keywordsOf(flags.filter((flag) => flag.toLowerCase() !== '\\recent'));
    this.unfinished = {
      ...{ keywords, internalDate: internalDate ?? this.session.clock.now(), form },
      ...{ binary: false, parts: [] },
    };
  }

  private async addUrl(url: string): Promise<void> {
    const part = await partOfUrl(this.session, url);
    await this.checkRoom(part.size);
    this.unfinished?.parts.push(part);
  }

  private async endMessage(): Promise<void> {
    const { unfinished } = this;
    if (unfinished?.form !== 'catenate') return;
    await this.finishMessage(unfinished, joined(unfinished.parts));
    for (const { close } of unfinished.parts) close();
  }

  private async finishMessage({ keywords, internalDate, binary }: Unfinished, bytes: ByteStream): Promise<void> {
    this.items.push({ message: await stageMessage(this.session, bytes, binary), keywords, internalDate });
    this.unfinished = null;
  }

  private checkUtf8({ binary }: LiteralHeader): void {
    // RFC 6855 §4, which RFC 9755 has dropped: clients of the older one still say it.
    if (!binary) throw new ImapRefusal(null, 'UTF8 needs a literal8');
    if (!this.session.enabled.has('UTF8=ACCEPT')) throw new ImapRefusal('CANNOT', 'ENABLE UTF8=ACCEPT first');
  }

  private async checkRoom(bytes: number): Promise<void> {
    const { session } = this;
    // RFC 3502 §6.3.11: an empty message ends a MULTIAPPEND that is to be given up; no message is empty.
    if (bytes === 0 && this.unfinished?.form !== 'catenate')
      throw new ImapRefusal(null, 'An empty message cannot be stored');
    const parts = this.unfinished?.parts ?? [];
    if (parts.reduce((sum, { size }) => sum + size, bytes) > session.limits.appendBytesMax)
      throw new ImapRefusal('TOOBIG', 'The message is too large');
    this.announcedBytes += bytes;
    // Another account's quota is its own business: the store knows it.
    if (this.command.accountId !== session.accountId) return;
    const { quotaBytes, usedBytes } = await session.store.account(session.context, session.accountId);
    if (quotaBytes > 0 && usedBytes + this.announcedBytes - this.command.freedBytes > quotaBytes)
      throw new ImapRefusal('OVERQUOTA', 'The quota would be exceeded');
  }
}

async function* joined(parts: readonly Part[]): ByteStream {
  for (const { open } of parts) yield* open();
}
