import { CR, LF } from '#stdx';

/**
 * What becomes of a CR or LF that is not part of a CRLF (RFC 5321 §2.3.8 forbids both):
 * `reject` the message once its end is found, or `normalise` it: a lone LF becomes CRLF, a lone CR a space.
 */
export type BareLineEnds = 'reject' | 'normalise';

const LINE_START = 0;
const DOT = 1;
const DOT_CR = 2;
const TEXT = 3;
const TEXT_CR = 4;

const FULL_STOP = 0x2e;
const ONE_CR = Buffer.from('\r');
const ONE_CRLF = Buffer.from('\r\n');
const ONE_SPACE = Buffer.from(' ');

/**
 * Reads message bytes in whatever pieces they come and hands them on without copying.
 *
 * Stuffed (DATA): undoes dot-stuffing and ends at CRLF . CRLF and nothing else. `\n.\n`, `\n.\r\n`, `\r\n.\n`, `\r.\r`
 * and their kin are content, never an end of data: a sender and a receiver who differ on that let one message smuggle
 * another (CVE-2023-51764 to -51766). Not stuffed (BDAT, RFC 3030): the same care for line ends, no dots, the caller counts.
 */
export class DataReader {
  /** The end of data was found; no more bytes are taken. */
  ended = false;
  /** A bare CR or LF was seen. With `reject`, nothing after it is handed on. */
  bareLineEnd = false;
  private state = LINE_START;

  constructor(
    private readonly bareLineEnds: BareLineEnds,
    private readonly stuffed: boolean,
    private readonly emit: (piece: Buffer) => void,
  ) {}

  /** Bytes taken from `chunk`: fewer than all only when the end of data was found. */
  push(chunk: Buffer): number {
    const length = chunk.length;
    let state = this.state;
    let start = 0;
    // A CR that ended the last chunk was held back until now, when it is known whether an LF follows.
    if (state === TEXT_CR && length > 0 && chunk[0] === LF) this.hand(ONE_CR);
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
            this.bareLf(chunk.subarray(start, at));
            start = at + 1;
          }
          at++;
          continue;
        case TEXT_CR:
          if (byte === LF) {
            state = LINE_START;
            at++;
            continue;
          }
          this.bareCr(chunk.subarray(start, Math.max(at - 1, start)));
          start = at;
          state = TEXT;
          continue;
        case LINE_START:
          if (byte !== FULL_STOP || !this.stuffed) {
            state = TEXT;
            continue;
          }
          this.hand(chunk.subarray(start, at));
          start = ++at;
          state = DOT;
          continue;
        case DOT:
          // RFC 5321 §4.5.2: the first of a line's characters, being a full stop, goes.
          if (byte === CR) {
            state = DOT_CR;
            start = ++at;
          } else state = TEXT;
          continue;
        default:
          if (byte === LF) {
            this.ended = true;
            return at + 1;
          }
          this.bareCr(chunk.subarray(at, at));
          start = at;
          state = TEXT;
      }
    }
    this.state = state;
    const held = state === TEXT_CR && length > start ? 1 : 0;
    this.hand(chunk.subarray(start, length - held));
    return length;
  }

  /** The counted bytes are all here (not for stuffed data): a CR held back is a bare one. */
  finish(): void {
    if (this.state === TEXT_CR) this.bareCr(ONE_CR.subarray(1));
    this.ended = true;
  }

  private bareLf(before: Buffer): void {
    this.hand(before);
    this.bareLineEnd = true;
    this.hand(ONE_CRLF);
  }

  private bareCr(before: Buffer): void {
    this.hand(before);
    this.bareLineEnd = true;
    this.hand(ONE_SPACE);
  }

  private hand(piece: Buffer): void {
    if (piece.length === 0 || (this.bareLineEnd && this.bareLineEnds === 'reject')) return;
    this.emit(piece);
  }
}
