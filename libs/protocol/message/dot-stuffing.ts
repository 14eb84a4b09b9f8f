import { CR, LF } from '#stdx';

const FULL_STOP = 0x2e;
const ONE_DOT = Buffer.from('.');
const ONE_CR = Buffer.from('\r');
const ONE_CRLF = Buffer.from('\r\n');
const ONE_SPACE = Buffer.from(' ');
const END = Buffer.from('.\r\n');
const END_OF_UNFINISHED_LINE = Buffer.from('\r\n.\r\n');

const LINE_START = 0;
const TEXT = 1;
const TEXT_CR = 2;

/**
 * Writes message bytes as DATA wants them (RFC 5321 §4.5.2) in whatever pieces they come, copying nothing. A bare LF
 * leaves as CRLF and a bare CR as a space, so that no receiver, however lax, can find an end of data inside a message.
 */
export class DotStuffer {
  private state = LINE_START;

  constructor(private readonly emit: (piece: Buffer) => void) {}

  push(chunk: Buffer): void {
    const length = chunk.length;
    let state = this.state;
    let start = 0;
    let at = 0;
    while (at < length) {
      const byte = chunk[at]!;
      switch (state) {
        case TEXT:
          if (byte > CR) {
            do at++;
            while (at < length && chunk[at]! > CR);
            continue;
          }
          if (byte === CR) state = TEXT_CR;
          else if (byte === LF) {
            this.hand(chunk, start, at);
            this.emit(ONE_CRLF);
            start = at + 1;
            state = LINE_START;
          }
          at++;
          continue;
        case TEXT_CR:
          if (byte === LF) {
            // The CR may have been held back from the chunk before.
            if (at === 0) this.emit(ONE_CR);
            at++;
            state = LINE_START;
            continue;
          }
          this.hand(chunk, start, at - 1);
          this.emit(ONE_SPACE);
          start = at;
          state = TEXT;
          continue;
        default:
          if (byte === FULL_STOP) {
            this.hand(chunk, start, at);
            this.emit(ONE_DOT);
            start = at;
          }
          state = TEXT;
      }
    }
    this.hand(chunk, start, state === TEXT_CR ? length - 1 : length);
    this.state = state;
  }

  /** The end of data; an unfinished last line is finished first. */
  finish(): void {
    if (this.state === TEXT_CR) this.emit(ONE_SPACE);
    this.emit(this.state === LINE_START ? END : END_OF_UNFINISHED_LINE);
  }

  private hand(chunk: Buffer, start: number, end: number): void {
    if (end > start) this.emit(chunk.subarray(start, end));
  }
}
