import { type MessageBytes, mailDate, type SmtpReply, smtpReply } from '#protocol/smtp';
import type { ByteStream } from '#stdx';

export interface HeadLimits {
  /** 554 5.4.6 above so many Received fields. 50: Postfix's `hopcount_limit`; RFC 5321 §6.3 asks for 100 or a smaller figure with care. */
  readonly hopsMax: number;
  /** 552 5.3.4 for a header longer than that. 262,144: a hundred times a usual one. */
  readonly headerBytesMax: number;
}

export const DEFAULT_HEAD_LIMITS: HeadLimits = { hopsMax: 50, headerBytesMax: 262_144 };

/** The beginning of a message, read, and the rest, not. */
export interface MessageHead {
  /** Everything read so far: the header with its empty line, and what of the body came along. */
  readonly read: Buffer;
  readonly headerBytes: number;
  readonly hasDate: boolean;
  readonly hasMessageId: boolean;
  /** The first line is no header field: what comes before it needs an empty line behind it. */
  readonly headless: boolean;
  /** `null` when everything has been read. */
  readonly rest: AsyncIterator<Uint8Array> | null;
}

const END_OF_HEADER = Buffer.from('\r\n\r\n');
const CRLF = '\r\n';
const FIELD = /^[\x21-\x39\x3b-\x7e]+[ \t]*:/;

/** Reads to the end of the header and no further than it came along. What `bytes` throws, this throws. */
export async function readHead(bytes: MessageBytes, limits: HeadLimits): Promise<MessageHead | SmtpReply> {
  let read: Buffer = bytes.whole ?? Buffer.alloc(0);
  let rest: AsyncIterator<Uint8Array> | null = bytes.whole ? null : bytes[Symbol.asyncIterator]();
  let headerBytes = headerEnd(read);
  while (headerBytes < 0 && rest && read.length <= limits.headerBytesMax) {
    const { value, done } = await rest.next();
    if (done) rest = null;
    else {
      read =
        read.length === 0 ? Buffer.from(value.buffer, value.byteOffset, value.length) : Buffer.concat([read, value]);
      headerBytes = headerEnd(read);
    }
  }
  if (headerBytes < 0) headerBytes = read.length;
  if (headerBytes > limits.headerBytesMax) return smtpReply(552, '5.3.4', 'Message header too large');
  const header = read.toString('latin1', 0, headerBytes);
  // RFC 5321 §6.3.
  if ((header.match(/^received[ \t]*:/gim)?.length ?? 0) > limits.hopsMax)
    return smtpReply(554, '5.4.6', 'Too many hops: the message is going round in circles');
  return {
    read,
    headerBytes,
    hasDate: /^date[ \t]*:/im.test(header),
    hasMessageId: /^message-id[ \t]*:/im.test(header),
    headless: header !== '' && !header.startsWith(CRLF) && !FIELD.test(header),
    rest,
  };
}

/** Past the empty line that ends the header; -1 when it is not there. A message may begin with it. */
function headerEnd(bytes: Buffer): number {
  if (bytes.length >= 2 && bytes[0] === 0x0d && bytes[1] === 0x0a) return 2;
  const at = bytes.indexOf(END_OF_HEADER);
  return at < 0 ? -1 : at + END_OF_HEADER.length;
}

/** What a submitted message lacks: RFC 6409 §8.2 and §8.3. `at` in milliseconds since the epoch. */
export function missingFields(head: MessageHead, at: number, messageId: string): string {
  const date = head.hasDate ? '' : `Date: ${mailDate(at)}\r\n`;
  return head.hasMessageId ? date : `${date}Message-ID: <${messageId}>\r\n`;
}

/** A message with `fields` before it, in one piece when it is all here, else as it comes. */
export class OutgoingBody {
  /** Bytes were taken that cannot be had again. */
  touched = false;
  /** What the sender's side threw while being read. */
  failure: unknown;
  private readonly first: Buffer;

  constructor(
    private readonly head: MessageHead,
    fields: string,
  ) {
    this.first = Buffer.concat([Buffer.from(head.headless ? `${fields}\r\n` : fields), head.read]);
  }

  get bytes(): ByteStream | Uint8Array {
    return this.head.rest ? this.stream(this.head.rest) : this.first;
  }

  private async *stream(rest: AsyncIterator<Uint8Array>): ByteStream {
    this.touched = true;
    yield this.first;
    for (;;) {
      const step = await rest.next().catch((error: unknown) => {
        this.failure = error;
        throw error;
      });
      if (step.done) return;
      yield step.value;
    }
  }
}
