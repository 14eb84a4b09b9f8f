import { CR, LF } from '#stdx';
import { LITERAL_HEADER_BYTES_MAX, literalHeader } from './literal.ts';

/** Something ended in a chunk of client bytes; `at` is the offset one past its last byte. */
export type ScanEvent =
  /** A whole command. `name` is its first word in upper case, UID too; both are '' where the line has none. */
  | { readonly kind: 'command'; readonly at: number; readonly tag: string; readonly name: string }
  /** A line that announces a literal. When `synchronizing`, the client now waits for the server. */
  | {
      readonly kind: 'literal';
      readonly at: number;
      readonly tag: string;
      readonly name: string;
      readonly size: number;
      readonly synchronizing: boolean;
    }
  /** The line of IDLE: the command stays open until `done`. RFC 2177. */
  | { readonly kind: 'idle'; readonly at: number; readonly tag: string; readonly name: string }
  /** The line that ends IDLE (DONE, or anything else). */
  | { readonly kind: 'done'; readonly at: number; readonly tag: string; readonly name: string }
  /** A line that answers a continuation request the server made (AUTHENTICATE), see `expectContinuation`. */
  | { readonly kind: 'continuation'; readonly at: number; readonly tag: string; readonly name: string };

const HEAD_BYTES_MAX = 160;
const NO_BYTES = Buffer.alloc(0);

/**
 * Tells where a client's commands end in a stream that is only passed on. It never copies a chunk: across chunks it keeps
 * the first 160 bytes of a line (tag and name) and its last 20 (a literal's announcement), nothing else.
 *
 * A synchronizing literal may be refused, and the client's bytes alone do not say so: call `commandAnswered` when the
 * server has completed the open command, and the next byte begins a new one.
 */
export class ImapClientScanner {
  private state: 'line' | 'literal' | 'idle' | 'continuation' = 'line';
  private literalRemaining = 0;
  /** First bytes of the command's first line, while that line is incomplete. */
  private head: Buffer = NO_BYTES;
  /** Last bytes of the line so far, from earlier chunks. */
  private tail: Buffer = NO_BYTES;
  private tag = '';
  private name = '';
  private firstLine = true;
  private begun = false;

  /** True from a command's first byte to its last, IDLE until DONE. */
  get open(): boolean {
    return this.begun || this.state !== 'line';
  }

  /** Tag and upper-case name of the open command; '' until its first line is whole. */
  get openTag(): string {
    return this.tag;
  }

  get openName(): string {
    return this.name;
  }

  /** True while IDLE's DONE is awaited. */
  get idling(): boolean {
    return this.state === 'idle';
  }

  scan(chunk: Uint8Array, onEvent: (event: ScanEvent) => void): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.state === 'literal') {
        const taken = Math.min(this.literalRemaining, chunk.length - at);
        at += taken;
        this.literalRemaining -= taken;
        if (this.literalRemaining === 0) this.state = 'line';
        continue;
      }
      const lf = chunk.indexOf(LF, at);
      if (lf < 0) {
        this.keep(chunk.subarray(at));
        return;
      }
      const line = chunk.subarray(at, lf);
      at = lf + 1;
      this.endLine(line, at, onEvent);
    }
  }

  /** The server completed the open command (tagged reply): whatever was expected of it is not coming. */
  commandAnswered(): void {
    this.reset();
    this.state = 'line';
    this.literalRemaining = 0;
  }

  /** The server sent a continuation request that a line, not a literal, answers: SASL. */
  expectContinuation(): void {
    this.state = 'continuation';
  }

  private endLine(line: Uint8Array, at: number, onEvent: (event: ScanEvent) => void): void {
    if (this.state === 'idle' || this.state === 'continuation') {
      const kind = this.state === 'idle' ? 'done' : 'continuation';
      const { tag, name } = this;
      this.commandAnswered();
      onEvent({ kind, at, tag, name });
      return;
    }
    if (this.firstLine) this.readHead(line);
    const literal = literalHeader(...this.lineTail(line));
    const { tag, name } = this;
    if (literal) {
      this.firstLine = false;
      this.begun = true;
      this.tail = NO_BYTES;
      this.head = NO_BYTES;
      this.literalRemaining = literal.size;
      if (literal.size > 0) this.state = 'literal';
      onEvent({ kind: 'literal', at, tag, name, size: literal.size, synchronizing: literal.synchronizing });
      return;
    }
    this.reset();
    if (name === 'IDLE') {
      this.tag = tag;
      this.name = name;
      this.state = 'idle';
      onEvent({ kind: 'idle', at, tag, name });
      return;
    }
    onEvent({ kind: 'command', at, tag, name });
  }

  /** The end of the line as one piece with its length less CR: this chunk's share, or the kept tail joined to it. */
  private lineTail(line: Uint8Array): [Uint8Array, number] {
    const whole =
      this.tail.length === 0 || line.length > LITERAL_HEADER_BYTES_MAX ? line : Buffer.concat([this.tail, line]);
    return [whole, whole[whole.length - 1] === CR ? whole.length - 1 : whole.length];
  }

  private keep(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.begun = true;
    if (this.firstLine && this.head.length < HEAD_BYTES_MAX)
      this.head = Buffer.concat([this.head, piece.subarray(0, HEAD_BYTES_MAX - this.head.length)]);
    const last = piece.subarray(-(LITERAL_HEADER_BYTES_MAX + 1));
    this.tail = Buffer.from(Buffer.concat([this.tail, last]).subarray(-(LITERAL_HEADER_BYTES_MAX + 1)));
  }

  private readHead(line: Uint8Array): void {
    const head = Buffer.concat([this.head, line.subarray(0, HEAD_BYTES_MAX - this.head.length)]).toString('latin1');
    const words = /^([^ \r]*) ?([^ \r]*)/.exec(head);
    this.tag = words?.[1] ?? '';
    this.name = (words?.[2] ?? '').toUpperCase();
  }

  private reset(): void {
    this.begun = false;
    this.firstLine = true;
    this.head = NO_BYTES;
    this.tail = NO_BYTES;
    this.tag = '';
    this.name = '';
  }
}
