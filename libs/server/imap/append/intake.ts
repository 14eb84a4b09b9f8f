import type { AppendItem, StagedMessage } from '#mailstore/api';
import { type AppendItemArguments, type ArgumentReader, type LiteralHeader, parseAppendItem } from '#protocol/imap';
import { hasBinaryPart, withoutBinary } from '#protocol/message';
import type { ByteStream } from '#stdx';
import type { CommandSession } from '../command.ts';
import { ImapRefusal } from '../errors.ts';
import { keywordsOf } from '../keywords.ts';
import { ByteWatch } from './byte-watch.ts';

/** What was said of a message before its literal. */
interface Announced extends Omit<AppendItem, 'message'> {
  readonly utf8: boolean;
  /** literal8: NUL may be in it. RFC 3516 §4.4. */
  readonly binary: boolean;
}

/** Takes in the messages of one command, each as it arrives; they are staged, and enter a mailbox with the command's commit. */
export class MessageIntake {
  readonly items: AppendItem[] = [];
  private announced: Announced | null = null;
  private announcedBytes = 0;
  /** `UTF8 (` was opened and its literal taken: its `)` comes first in what follows. */
  private utf8Open = false;

  constructor(private readonly session: CommandSession) {}

  /** Reads what stands before a message literal. Refuses what will not fit while the client still waits to send it. */
  async announce(reader: ArgumentReader, literal: LiteralHeader): Promise<void> {
    this.endLast(reader);
    reader.space();
    const item = parseAppendItem(reader);
    if (!reader.atAnnouncement(literal.headerBytes)) reader.fail('Expected a message literal');
    const keywords = keywordsOf(item.flags.filter((flag) => flag.toLowerCase() !== '\\recent'));
    this.checkUtf8(item, literal);
    await this.checkRoom(literal);
    const internalDate = item.internalDate ?? this.session.clock.now();
    this.announced = { keywords, internalDate, utf8: item.utf8, binary: literal.binary };
  }

  async message(bytes: ByteStream): Promise<void> {
    const { announced } = this;
    if (!announced) throw new Error('a message nobody announced');
    this.announced = null;
    this.utf8Open = announced.utf8;
    const { keywords, internalDate } = announced;
    this.items.push({ message: await this.stage(bytes, announced.binary), keywords, internalDate });
  }

  /** Reads what ends the last message, if it has an end of its own. */
  endLast(reader: ArgumentReader): void {
    if (this.utf8Open) reader.expect(')');
    this.utf8Open = false;
  }

  discard(): void {
    for (const { message } of this.items.splice(0)) message.discard();
  }

  private async stage(bytes: ByteStream, binary: boolean): Promise<StagedMessage> {
    const { store, names } = this.session;
    const watch = new ByteWatch();
    const staged = await store.stage(watch.over(bytes));
    try {
      // RFC 9755 §4: who has not enabled it could not read the message either.
      if (watch.eightBitHeader && names !== 'utf8')
        throw new ImapRefusal('CANNOT', 'Header fields with 8-bit characters need ENABLE UTF8=ACCEPT or IMAP4rev2');
      if (!binary || !watch.nul) return staged;
      return await this.transcoded(staged);
    } catch (error) {
      staged.discard();
      throw error;
    }
  }

  /** A message with NUL could not be told by BODY[]: it is kept in base64. RFC 3516 §3. */
  private async transcoded(staged: StagedMessage): Promise<StagedMessage> {
    const { body } = staged.parsed;
    const watch = new ByteWatch();
    const kept = hasBinaryPart(body)
      ? await this.session.store.stage(watch.over(withoutBinary(staged.bytes(), body)))
      : null;
    if (kept && !watch.nul) {
      staged.discard();
      return kept;
    }
    kept?.discard();
    throw new ImapRefusal('UNKNOWN-CTE', 'NUL may only be in parts whose transfer encoding is binary');
  }

  private checkUtf8({ utf8 }: AppendItemArguments, { binary }: LiteralHeader): void {
    if (!utf8) return;
    // RFC 6855 §4, which RFC 9755 has dropped: clients of the older one still say it.
    if (!binary) throw new ImapRefusal(null, 'UTF8 needs a literal8');
    if (!this.session.enabled.has('UTF8=ACCEPT')) throw new ImapRefusal('CANNOT', 'ENABLE UTF8=ACCEPT first');
  }

  private async checkRoom({ size }: LiteralHeader): Promise<void> {
    const { session } = this;
    // RFC 3502 §6.3.11: an empty message ends a MULTIAPPEND that is to be given up; no message is empty.
    if (size === 0) throw new ImapRefusal(null, 'An empty message cannot be stored');
    if (size > session.limits.appendBytesMax) throw new ImapRefusal('TOOBIG', 'The message is too large');
    this.announcedBytes += size;
    const { quotaBytes, usedBytes } = await session.store.account(session.context, session.accountId);
    if (quotaBytes > 0 && usedBytes + this.announcedBytes > quotaBytes)
      throw new ImapRefusal('OVERQUOTA', 'The quota would be exceeded');
  }
}
