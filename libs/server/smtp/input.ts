import { CR, LF } from '#stdx';

/** Why a line cannot be a command. It has been taken off the input all the same. */
export type LineFault = 'tooLong' | 'bareLineFeed';

const NOTHING = Buffer.alloc(0);

/** Bytes received and not yet used: given out as lines, or as they came. */
export class InputBuffer {
  private head: Buffer = NOTHING;
  private readonly rest: Buffer[] = [];
  /** Bytes of `head` known to hold no LF. */
  private searched = 0;
  /** An overlong line's beginning has been dropped; its end is still to come. */
  private dropping = false;
  length = 0;

  push(chunk: Buffer): void {
    this.length += chunk.length;
    if (this.head.length === 0) this.head = chunk;
    else this.rest.push(chunk);
  }

  /** The next line without its CRLF; `null` while it has not ended. */
  line(bytesMax: number): Buffer | LineFault | null {
    for (;;) {
      const end = this.head.indexOf(LF, this.searched);
      if (end >= 0) return this.lineTo(end, bytesMax);
      this.searched = this.head.length;
      if (this.searched > bytesMax) this.drop();
      const next = this.rest.shift();
      if (!next) return null;
      this.head = this.head.length === 0 ? next : Buffer.concat([this.head, next]);
    }
  }

  private lineTo(end: number, bytesMax: number): Buffer | LineFault {
    const line = this.head.subarray(0, end);
    this.advance(end + 1);
    if (this.dropping) {
      this.dropping = false;
      return 'tooLong';
    }
    if (end + 1 > bytesMax) return 'tooLong';
    // RFC 5321 §2.3.8: a line ends with CRLF; taking less is how one server's data becomes another's commands.
    return end > 0 && line[end - 1] === CR ? line.subarray(0, end - 1) : 'bareLineFeed';
  }

  private drop(): void {
    this.dropping = true;
    this.length -= this.head.length;
    this.head = NOTHING;
    this.searched = 0;
  }

  private advance(bytes: number): void {
    this.length -= bytes;
    this.searched = 0;
    this.head = this.head.subarray(bytes);
    if (this.head.length === 0) this.head = this.rest.shift() ?? NOTHING;
  }

  /** The oldest bytes as they came, for `consume` to take some of. Empty when there are none. */
  get oldest(): Buffer {
    return this.head;
  }

  /** `bytes` of `oldest` have been used. */
  consume(bytes: number): void {
    this.advance(bytes);
  }

  /** Forgets everything: what was sent before a TLS handshake must not be read after it. */
  clear(): number {
    const { length } = this;
    this.head = NOTHING;
    this.rest.length = 0;
    this.searched = 0;
    this.dropping = false;
    this.length = 0;
    return length;
  }
}
