import { type BareLineEnds, DataReader, smtpReply } from '#protocol/smtp';
import { deferred } from '#stdx';
import type { MessageBody } from './message-body.ts';

/** Takes bytes off the input until its part of a message is complete. */
export interface Receiver {
  /** The reader behind is slow: offer nothing until there is room. */
  readonly full: boolean;
  readonly done: boolean;
  /** Far more came than will ever be taken; waiting for its end is not worth it. */
  readonly hopeless: boolean;
  /** Bytes used of `chunk`. */
  push(chunk: Buffer): number;
  /** Resolves when done, or when the session has ended. */
  readonly finished: Promise<void>;
  finish(): void;
  /** The rest will not come. */
  abandon(): void;
}

const BARE_LINE_END = smtpReply(550, '5.6.0', 'Message holds a bare CR or LF; lines end with CR LF (RFC 5321 2.3.8)');

/** Pushes pieces into the body until it is too large. */
function bounded(body: MessageBody, bytesMax: number): (piece: Buffer) => void {
  return (piece) => {
    if (body.bytes + piece.length > bytesMax && !body.failed)
      body.fail('message too large', smtpReply(552, '5.3.4', `Message exceeds ${bytesMax} bytes`));
    body.push(piece);
  };
}

/** DATA: to CRLF . CRLF. */
export class StuffedReceiver implements Receiver {
  private readonly reader: DataReader;
  private readonly completion = deferred();
  readonly finished = this.completion.promise;
  private readonly rejects: boolean;

  constructor(
    private readonly body: MessageBody,
    private readonly bytesMax: number,
    bareLineEnds: BareLineEnds,
  ) {
    this.reader = new DataReader(bareLineEnds, true, bounded(body, bytesMax));
    this.rejects = bareLineEnds === 'reject';
  }

  get full(): boolean {
    return this.body.full;
  }

  get done(): boolean {
    return this.reader.ended;
  }

  get hopeless(): boolean {
    return this.body.bytes > 2 * this.bytesMax;
  }

  push(chunk: Buffer): number {
    const used = this.reader.push(chunk);
    if (this.reader.bareLineEnd && this.rejects) this.body.fail('bare CR or LF', BARE_LINE_END);
    if (this.reader.ended) this.body.end();
    return used;
  }

  finish(): void {
    this.completion.resolve();
  }

  abandon(): void {
    this.body.fail('session ended');
  }
}

/** What BDAT's chunks of one message share: line ends may straddle them. */
export class ChunkedText {
  private readonly reader: DataReader | null;
  private readonly write: (piece: Buffer) => void;
  private readonly rejects: boolean;

  /** `bareLineEnds` `null`: the bytes are trusted and not looked at. */
  constructor(
    readonly body: MessageBody,
    bytesMax: number,
    bareLineEnds: BareLineEnds | null,
  ) {
    this.write = bounded(body, bytesMax);
    this.reader = bareLineEnds === null ? null : new DataReader(bareLineEnds, false, this.write);
    this.rejects = bareLineEnds === 'reject';
  }

  push(piece: Buffer): void {
    if (this.reader) this.reader.push(piece);
    else this.write(piece);
    this.check();
  }

  end(): void {
    this.reader?.finish();
    this.check();
    this.body.end();
  }

  private check(): void {
    if (this.reader?.bareLineEnd && this.rejects) this.body.fail('bare CR or LF', BARE_LINE_END);
  }
}

/** BDAT: so many bytes, whatever they are. Without a text they are thrown away. */
export class CountedReceiver implements Receiver {
  private readonly completion = deferred();
  readonly finished = this.completion.promise;

  constructor(
    private remaining: number,
    private readonly text: ChunkedText | null,
  ) {}

  get full(): boolean {
    return this.text?.body.full ?? false;
  }

  get done(): boolean {
    return this.remaining === 0;
  }

  /** The verb refuses such a count before it comes to this. */
  get hopeless(): boolean {
    return false;
  }

  push(chunk: Buffer): number {
    const piece = chunk.length > this.remaining ? chunk.subarray(0, this.remaining) : chunk;
    this.remaining -= piece.length;
    this.text?.push(piece);
    return piece.length;
  }

  finish(): void {
    this.completion.resolve();
  }

  abandon(): void {
    this.text?.body.fail('session ended');
  }
}
