import { asBuffer } from '#stdx';
import type { ManageSieveSyntaxLimits } from './limits.ts';

export type ManageSieveArgument =
  | { readonly kind: 'string'; readonly bytes: Buffer }
  | { readonly kind: 'number'; readonly value: number };

interface Fault {
  readonly text: string;
  /** A literal was longer than is taken: no fault of the command's form. */
  readonly isTooLarge?: boolean;
}

/** One thing a client said. */
export type ManageSieveEvent =
  | { readonly kind: 'command'; readonly name: string; readonly arguments: readonly ManageSieveArgument[] }
  /** The string that answers a SASL challenge. */
  | { readonly kind: 'answer'; readonly bytes: Buffer }
  /** It could not be read; it is taken off the stream whole, and what follows is the next command. */
  | ({ readonly kind: 'fault' } & Fault)
  /** It cannot be told where it ends: nothing more is read. */
  | { readonly kind: 'overrun' };

const NO_BYTES = Buffer.alloc(0);
const LF = 0x0a;
const CR = 0x0d;
// RFC 5804 §4 literal-c2s; what RFC 2244 calls synchronizing is taken too.
const LITERAL_END = /\{(\d{1,10})\+?\}$/;

/** Cuts what a client sends into commands (RFC 5804 §4): lines, of which a literal may carry on. Each byte is looked at once or twice. */
export class ManageSieveFramer {
  private buffered: Buffer = NO_BYTES;
  private searched = 0;
  /** What was read of the command so far: text of lines, and literals between. */
  private pieces: (string | Buffer)[] = [];
  /** Bytes of a literal still to come; kept when it is not too large. */
  private literal: { readonly size: number; readonly kept: boolean } | null = null;
  private discarding = 0;
  private fault: Fault | null = null;
  private isOver = false;
  private wantsAnswer = false;

  constructor(private readonly limits: ManageSieveSyntaxLimits) {}

  push(chunk: Uint8Array): void {
    if (this.isOver) return;
    this.buffered = this.buffered.length > 0 ? Buffer.concat([this.buffered, chunk]) : asBuffer(chunk);
  }

  /** The next thing is no command but a string. */
  expectAnswer(): void {
    this.wantsAnswer = true;
  }

  /** What no event has taken. */
  takeRest(): Buffer {
    const rest = this.buffered;
    this.buffered = NO_BYTES;
    this.searched = 0;
    return rest;
  }

  next(): ManageSieveEvent | undefined {
    while (!this.isOver) {
      if (this.discarding > 0 && !this.discard()) return undefined;
      if (this.literal && !this.takeLiteral(this.literal)) return undefined;
      const line = this.line();
      if (line === undefined) return undefined;
      if (line === null) return this.over();
      const size = LITERAL_END.exec(line)?.[1];
      if (size === undefined || line.startsWith('"', line.length - 1)) {
        this.pieces.push(line);
        return this.finish();
      }
      this.pieces.push(line.slice(0, line.lastIndexOf('{')));
      if (!this.begin(Number(size))) return this.over();
    }
    return undefined;
  }

  /** `undefined`: not whole yet; `null`: too long. */
  private line(): string | undefined | null {
    const { lineBytesMax } = this.limits;
    const end = this.buffered.indexOf(LF, this.searched);
    if (end < 0) {
      this.searched = this.buffered.length;
      return this.buffered.length > lineBytesMax ? null : undefined;
    }
    if (end >= lineBytesMax) return null;
    const isCrlf = end > 0 && this.buffered[end - 1] === CR;
    const line = this.buffered.toString('latin1', 0, isCrlf ? end - 1 : end);
    if (!isCrlf) this.fault ??= { text: 'Lines end with CR LF' };
    this.drop(end + 1);
    return line;
  }

  /** False when the literal is longer than may be thrown away. */
  private begin(size: number): boolean {
    const { literalBytesMax, discardedBytesMax, argumentsMax } = this.limits;
    if (size > discardedBytesMax) return false;
    if (this.pieces.length > 2 * argumentsMax) this.fault ??= { text: 'Too many arguments' };
    if (size > literalBytesMax) this.fault ??= { text: 'Literal is too long', isTooLarge: true };
    if (this.fault !== null) this.discarding = size;
    else this.literal = { size, kept: true };
    return true;
  }

  private takeLiteral({ size }: { readonly size: number }): boolean {
    if (this.buffered.length < size) return false;
    this.pieces.push(Buffer.from(this.buffered.subarray(0, size)));
    this.drop(size);
    this.literal = null;
    return true;
  }

  private discard(): boolean {
    const taken = Math.min(this.discarding, this.buffered.length);
    this.discarding -= taken;
    this.drop(taken);
    return this.discarding === 0;
  }

  private drop(bytes: number): void {
    this.buffered = this.buffered.subarray(bytes);
    this.searched = 0;
  }

  private over(): ManageSieveEvent {
    this.isOver = true;
    this.buffered = NO_BYTES;
    return { kind: 'overrun' };
  }

  private finish(): ManageSieveEvent {
    const { pieces, fault, wantsAnswer } = this;
    this.pieces = [];
    this.fault = null;
    if (fault !== null) return { kind: 'fault', ...fault };
    const read = readPieces(pieces, wantsAnswer);
    if (typeof read === 'string') return { kind: 'fault', text: read };
    if (!wantsAnswer) return { kind: 'command', ...read };
    this.wantsAnswer = false;
    const [answer, ...more] = read.arguments;
    if (answer?.kind !== 'string' || more.length > 0) return { kind: 'fault', text: 'A string answers a challenge' };
    return { kind: 'answer', bytes: answer.bytes };
  }
}

const NAME = /^[A-Za-z]+/;
const QUOTED = /^"((?:[^"\\\0\r\n]|\\["\\])*)"/;
const NUMBER = /^\d{1,10}/;
/** RFC 5804 §1.2. */
const QUOTED_BYTES_MAX = 1_024;

/** The name and arguments of a command, or what is wrong with it. Latin-1 stands for bytes. */
function readPieces(
  pieces: readonly (string | Buffer)[],
  isAnswer: boolean,
): { readonly name: string; readonly arguments: readonly ManageSieveArgument[] } | string {
  const [first, ...others] = pieces;
  const name = isAnswer ? '' : (NAME.exec(typeof first === 'string' ? first : '')?.[0] ?? '');
  if (!isAnswer && name === '') return 'A command begins with its name';
  const found: ManageSieveArgument[] = [];
  for (const [index, piece] of [typeof first === 'string' ? first.slice(name.length) : first!, ...others].entries()) {
    if (typeof piece !== 'string') {
      found.push({ kind: 'string', bytes: piece });
      continue;
    }
    // A literal is set off by a blank before it, which only an answer lacks.
    const isLast = index === pieces.length - 1;
    const read = readText(piece, found, isAnswer && index === 0, isLast);
    if (read !== null) return read;
  }
  return { name: name.toUpperCase(), arguments: found };
}

/** Reads arguments on a line into `found`; what is wrong, or `null`. */
function readText(text: string, found: ManageSieveArgument[], isFirst: boolean, isLast: boolean): string | null {
  let rest = text;
  for (let mayFollow = isFirst; ; mayFollow = false) {
    const blanks = /^ */.exec(rest)![0].length;
    rest = rest.slice(blanks);
    if (rest === '') return blanks > 0 || isLast || isFirst ? null : 'A blank comes before an argument';
    if (blanks === 0 && !mayFollow) return 'A blank comes before an argument';
    const quoted = QUOTED.exec(rest);
    const number = NUMBER.exec(rest);
    if (quoted) {
      if (quoted[1]!.length > QUOTED_BYTES_MAX) return 'Quoted string is too long';
      found.push({ kind: 'string', bytes: Buffer.from(quoted[1]!.replace(/\\(.)/g, '$1'), 'latin1') });
    } else if (number) found.push({ kind: 'number', value: Number(number[0]) });
    else return 'Argument cannot be read';
    rest = rest.slice((quoted ?? number)![0].length);
  }
}
