import { asBuffer, assert, CR, LF } from '#stdx';
import { DEFAULT_IMAP_SYNTAX_LIMITS, type ImapSyntaxLimits } from './limits.ts';
import { LITERAL_HEADER_BYTES_MAX, type LiteralHeader, literalHeader } from './literal.ts';

/** Why framing alone refuses a command. Its bytes have been read to the end. */
export type FramingFault = 'lineTooLong' | 'commandTooLong' | 'bareLf';

export type FrameEvent =
  /** A whole command, or what follows its last streamed literal: lines and argument literals as sent, without the last CRLF. */
  | { readonly kind: 'command'; readonly text: Buffer }
  /** A literal is announced. Decide (`acceptLiteral`, `refuseLiteral`) before `next`. `text()` is all since the command began, or since the last streamed literal, announcement and CRLF included. */
  | { readonly kind: 'literal'; readonly text: () => Buffer; readonly header: LiteralHeader }
  /** A piece of a streamed literal. */
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array; readonly last: boolean }
  /** The line asked for by `expectLine`, without its CRLF. */
  | { readonly kind: 'line'; readonly text: Buffer }
  /** The command whose literal was refused is read to its end and gone. */
  | { readonly kind: 'skipped' }
  | { readonly kind: 'fault'; readonly fault: FramingFault; readonly tag: string | null }
  /** Too much to throw away: answer BYE and close. */
  | { readonly kind: 'overrun' };

type State =
  | 'line'
  /** A literal was announced and nothing decided. */
  | 'decide'
  | 'argument'
  | 'stream'
  // A refused command, read to its end: the rest of a line, a literal, nothing more.
  | 'skipLine'
  | 'skipLiteral'
  | 'skipEnd'
  | 'overrun';

const NO_BYTES = Buffer.alloc(0);
const TAG_BYTES_MAX = 128;
/** Pieces kept before they are joined: a client that sends byte by byte must not cost a buffer a byte. */
const PIECES_MAX = 64;
/** Bytes of a skipped line that may hold a literal's announcement: the longest one and a CR. */
const TAIL_BYTES = LITERAL_HEADER_BYTES_MAX + 1;

/**
 * Cuts a client's byte stream into commands (RFC 9051 §2.2.1) with bounded memory. Push bytes, then call `next` until it
 * returns `undefined`. Grammar is not its business: a LF ends a line, `{n}` at a line's end announces a literal.
 */
export class CommandFramer {
  private input: Buffer = NO_BYTES;
  private at = 0;
  private state: State = 'line';
  private parts: Buffer[] = [];
  /** Index in `parts` where the current line or argument literal begins. */
  private pieceStart = 0;
  private lineBytes = 0;
  private commandBytes = 0;
  private literal: LiteralHeader | null = null;
  private remaining = 0;
  private tag: string | null = null;
  private lineExpected = false;
  private fault: FramingFault | null = null;
  private skipTail: Buffer = NO_BYTES;

  constructor(private readonly limits: ImapSyntaxLimits = DEFAULT_IMAP_SYNTAX_LIMITS) {}

  push(chunk: Uint8Array): void {
    const rest = this.input.subarray(this.at);
    this.input = rest.length === 0 ? asBuffer(chunk) : Buffer.concat([rest, chunk]);
    this.at = 0;
  }

  /** True between commands: nothing of a next one has been seen. */
  get idle(): boolean {
    return this.state === 'line' && this.commandBytes === 0 && this.at === this.input.length;
  }

  /** Bytes pushed and not yet consumed, which it forgets: for handing the connection to someone else between commands. */
  takeRest(): Buffer {
    const rest = this.input.subarray(this.at);
    this.starve();
    return rest;
  }

  /** The next line is no command but an answer to a continuation request: SASL, or IDLE's DONE. */
  expectLine(): void {
    this.lineExpected = true;
  }

  /** Decides an announced literal: kept as part of the command's text, or handed on in pieces. */
  acceptLiteral(as: 'argument' | 'stream'): void {
    assert(this.state === 'decide' && this.literal, 'no literal to accept');
    this.remaining = this.literal.size;
    this.state = as;
    // What the command said before a streamed literal has been handed out; its text begins anew after it.
    if (as === 'stream') this.parts = [];
    this.pieceStart = this.parts.length;
  }

  /** Decides an announced literal: the command is dropped, `skipped` says when its bytes are gone. */
  refuseLiteral(): void {
    assert(this.state === 'decide' && this.literal, 'no literal to refuse');
    this.skip(null, this.literal);
  }

  next(): FrameEvent | undefined {
    for (;;) {
      const event = this.step();
      if (event !== 'again') return event;
    }
  }

  private step(): FrameEvent | undefined | 'again' {
    switch (this.state) {
      case 'line':
        return this.readLine();
      case 'decide':
        assert(false, 'a literal waits for its decision');
        break;
      case 'argument':
        return this.readArgument();
      case 'stream':
        return this.readStream();
      case 'skipLine':
        return this.skipLine();
      case 'skipLiteral': {
        const taken = Math.min(this.remaining, this.input.length - this.at);
        this.at += taken;
        this.remaining -= taken;
        if (this.remaining > 0) return this.starve();
        this.state = 'skipLine';
        return 'again';
      }
      case 'skipEnd': {
        const { fault, tag } = this;
        this.reset();
        return fault ? { kind: 'fault', fault, tag } : { kind: 'skipped' };
      }
      case 'overrun':
        return { kind: 'overrun' };
    }
  }

  private readLine(): FrameEvent | undefined | 'again' {
    const lf = this.input.indexOf(LF, this.at);
    const piece = this.input.subarray(this.at, lf < 0 ? this.input.length : lf + 1);
    this.lineBytes += piece.length;
    this.commandBytes += piece.length;
    if (this.lineBytes > this.limits.lineBytesMax || this.commandBytes > this.limits.commandBytesMax) {
      this.noteTag(piece);
      const tail = this.parts.at(-1)?.subarray(-TAIL_BYTES) ?? NO_BYTES;
      this.skip(this.lineBytes > this.limits.lineBytesMax ? 'lineTooLong' : 'commandTooLong', 'line');
      this.skipTail = tail;
      return 'again';
    }
    this.at += piece.length;
    if (lf >= 0) {
      this.add(piece);
      return this.endLine();
    }
    // A copy: a few bytes of an unfinished line must not keep a whole network buffer alive.
    if (piece.length > 0) this.add(Buffer.from(piece));
    return this.starve();
  }

  private endLine(): FrameEvent | 'again' {
    const line = this.joinPieces();
    const crlf = line.length >= 2 && line[line.length - 2] === CR;
    const end = line.length - (crlf ? 2 : 1);
    if (this.lineExpected) {
      this.lineExpected = false;
      this.reset();
      return { kind: 'line', text: line.subarray(0, end) };
    }
    const header = literalHeader(line, end);
    this.lineBytes = 0;
    this.pieceStart = this.parts.length;
    if (!crlf) {
      this.noteTag(line);
      this.skip('bareLf', header ?? 'nothing');
      return 'again';
    }
    if (!header) {
      const parts = this.parts;
      this.reset();
      const text = parts.length === 1 ? line : Buffer.concat(parts);
      return { kind: 'command', text: text.subarray(0, text.length - 2) };
    }
    this.noteTag(line);
    this.literal = header;
    this.state = 'decide';
    const parts = this.parts;
    return { kind: 'literal', text: () => (parts.length === 1 ? parts[0]! : Buffer.concat(parts)), header };
  }

  private readArgument(): undefined | 'again' {
    const piece = this.input.subarray(this.at, this.at + this.remaining);
    if (this.commandBytes + this.remaining > this.limits.commandBytesMax) {
      this.skip('commandTooLong', { synchronizing: false, size: this.remaining });
      return 'again';
    }
    this.commandBytes += piece.length;
    this.at += piece.length;
    this.remaining -= piece.length;
    if (piece.length > 0) this.add(this.remaining > 0 ? Buffer.from(piece) : piece);
    if (this.remaining > 0) return this.starve();
    this.joinPieces();
    this.pieceStart = this.parts.length;
    this.state = 'line';
    return 'again';
  }

  private readStream(): FrameEvent | undefined {
    const bytes = this.input.subarray(this.at, this.at + this.remaining);
    if (bytes.length === 0 && this.remaining > 0) return this.starve();
    this.at += bytes.length;
    this.remaining -= bytes.length;
    if (this.remaining === 0) this.state = 'line';
    return { kind: 'bytes', bytes, last: this.remaining === 0 };
  }

  /** Turns to reading the open command to its end: `rest` is what of it is still to come. */
  private skip(
    fault: FramingFault | null,
    rest: 'line' | 'nothing' | Pick<LiteralHeader, 'synchronizing' | 'size'>,
  ): void {
    this.fault = fault;
    this.parts = [];
    this.pieceStart = 0;
    this.skipTail = NO_BYTES;
    if (rest === 'line') this.state = 'skipLine';
    // A client that waits for `+` sends nothing more of this command once it is refused.
    else if (rest === 'nothing' || rest.synchronizing) this.state = 'skipEnd';
    else {
      this.remaining = rest.size;
      this.state = rest.size > this.limits.discardedLiteralBytesMax ? 'overrun' : 'skipLiteral';
    }
  }

  private skipLine(): undefined | 'again' {
    const lf = this.input.indexOf(LF, this.at);
    const piece = this.input.subarray(this.at, lf < 0 ? this.input.length : lf);
    const tail = Buffer.concat([this.skipTail, piece.subarray(-TAIL_BYTES)]).subarray(-TAIL_BYTES);
    if (lf < 0) {
      this.skipTail = Buffer.from(tail);
      return this.starve();
    }
    this.at = lf + 1;
    const header = literalHeader(tail, tail[tail.length - 1] === CR ? tail.length - 1 : tail.length);
    this.skip(this.fault, header ?? 'nothing');
    return 'again';
  }

  private noteTag(line: Buffer): void {
    if (this.tag !== null) return;
    const head: Buffer[] = [];
    let bytes = 0;
    for (const part of [...this.parts, line]) {
      head.push(part.subarray(0, TAG_BYTES_MAX));
      bytes += part.length;
      if (bytes >= TAG_BYTES_MAX) break;
    }
    this.tag = commandTag(Buffer.concat(head));
  }

  private add(piece: Buffer): void {
    this.parts.push(piece);
    if (this.parts.length - this.pieceStart > PIECES_MAX) this.joinPieces();
  }

  /** Makes the pieces of the current line or literal one. */
  private joinPieces(): Buffer {
    const pieces = this.parts.length - this.pieceStart;
    if (pieces === 1) return this.parts[this.pieceStart]!;
    const joined = Buffer.concat(this.parts.splice(this.pieceStart));
    this.parts.push(joined);
    return joined;
  }

  private starve(): undefined {
    this.input = NO_BYTES;
    this.at = 0;
  }

  private reset(): void {
    this.state = 'line';
    this.parts = [];
    this.pieceStart = 0;
    this.lineBytes = 0;
    this.commandBytes = 0;
    this.literal = null;
    this.tag = null;
    this.fault = null;
    this.skipTail = NO_BYTES;
  }
}

/** The tag a command begins with, or `null` where those bytes are no tag. RFC 9051 §9 `tag`. */
export function commandTag(text: Uint8Array): string | null {
  const head = asBuffer(text).toString('latin1', 0, TAG_BYTES_MAX);
  return /^([!#$&',\-./0-9:;<=>?@A-Z[\]^_`a-z|}~]+)(?=[ \r\n]|$)/.exec(head)?.[1] ?? null;
}
