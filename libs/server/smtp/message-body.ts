import type { MessageBytes, SmtpReply } from '#protocol/smtp';
import { deferred } from '#stdx';

/** The client went away, broke a limit or gave up in the middle of a message. */
export class MessageCutShort extends Error {
  override readonly name = 'MessageCutShort';
}

/**
 * A message between the socket and the backend: filled by the session, read once by the backend, bounded. A reader that
 * stops early leaves the rest to be thrown away.
 */
export class MessageBody implements MessageBytes, AsyncIterator<Uint8Array> {
  /** What the client is told instead of the backend's answer. */
  refusal: SmtpReply | null = null;
  /** Resolves when the message is whole, has failed, or is too long to wait for. */
  readonly ready: Promise<void>;
  /** Bytes pushed so far. */
  bytes = 0;
  private readonly becameReady = deferred();
  private queue: Buffer[] = [];
  private queued = 0;
  private ended = false;
  private discarding = false;
  private started = false;
  private failure: Error | null = null;
  private reader: { resolve(result: IteratorResult<Uint8Array>): void; reject(error: Error): void } | null = null;

  constructor(
    private readonly wholeBytesMax: number,
    private readonly bufferBytes: number,
    private readonly onRoom: () => void,
  ) {
    this.ready = this.becameReady.promise;
  }

  /** The reader is behind: push no more until `onRoom`. */
  get full(): boolean {
    return this.queued > this.bufferBytes;
  }

  get failed(): boolean {
    return this.failure !== null;
  }

  get whole(): Buffer | null {
    if (!this.ended || this.failure || this.started) return null;
    if (this.queue.length !== 1) this.queue = [Buffer.concat(this.queue, this.queued)];
    return this.queue[0]!;
  }

  push(piece: Buffer): void {
    this.bytes += piece.length;
    if (this.discarding || this.failure) return;
    if (this.reader) {
      const { reader } = this;
      this.reader = null;
      reader.resolve({ value: piece, done: false });
      return;
    }
    this.queue.push(piece);
    this.queued += piece.length;
    if (this.queued > this.wholeBytesMax) this.becameReady.resolve();
  }

  end(): void {
    this.ended = true;
    this.becameReady.resolve();
    this.reader?.resolve({ value: undefined, done: true });
    this.reader = null;
  }

  /** The reader's next step throws; the first failure counts. */
  fail(reason: string, refusal: SmtpReply | null = null): void {
    if (this.failure || this.ended) return;
    this.failure = new MessageCutShort(reason);
    this.refusal = refusal;
    this.empty();
    this.becameReady.resolve();
    this.reader?.reject(this.failure);
    this.reader = null;
  }

  /** Nobody reads any more. */
  discard(): void {
    this.discarding = true;
    this.empty();
  }

  private empty(): void {
    const wasFull = this.full;
    this.queue = [];
    this.queued = 0;
    if (wasFull) this.onRoom();
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    this.started = true;
    return this;
  }

  next(): Promise<IteratorResult<Uint8Array>> {
    if (this.failure) return Promise.reject(this.failure);
    const piece = this.queue.shift();
    if (piece) {
      const wasFull = this.full;
      this.queued -= piece.length;
      if (wasFull && !this.full) this.onRoom();
      return Promise.resolve({ value: piece, done: false });
    }
    if (this.ended) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve, reject) => {
      this.reader = { resolve, reject };
    });
  }

  return(): Promise<IteratorResult<Uint8Array>> {
    this.discard();
    return Promise.resolve({ value: undefined, done: true });
  }
}
