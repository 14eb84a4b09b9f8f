import type { ClientScanner, ScanEvent, SessionProtocol, Unit } from './protocol.ts';

/** What of the client's bytes a lost owner has not answered, and what may be done with it. */
export interface Unanswered {
  /** May be said again: nothing of it can have had an effect that a second time would double. */
  readonly again: readonly { readonly unit: Unit; readonly bytes: Buffer }[];
  /** What follows those: to be answered `NO [UNAVAILABLE]`. */
  readonly refused: readonly Unit[];
  /** Of a command that is not whole yet; it was not carried out and can be said again. */
  readonly open: Buffer;
  /** The same, but its bytes are no longer here: the rest of it is to be read, thrown away and refused. */
  readonly openIsLost: boolean;
}

const NO_BYTES = Buffer.alloc(0);

/**
 * What a client has said to its node and not had an answer to. Between commands it holds nothing. Keeps the chunks as they
 * came, without a copy, up to `bytesMax` (65,536 is the longest line a node takes).
 */
export class Journal {
  private readonly scanner: ClientScanner;
  private units: Unit[] | null = null;
  private chunks: Uint8Array[] | null = null;
  /** Offset of the first byte of `chunks`. */
  private from = 0;
  private at = 0;
  private answeredUnits = 0;
  /** More was said than is kept: nothing is kept until everything is answered. */
  private overflown = false;

  constructor(
    private readonly protocol: Pick<SessionProtocol, 'scanner' | 'mayBeSaidAgain'>,
    private readonly bytesMax: number,
  ) {
    this.scanner = protocol.scanner();
  }

  /** Nothing is unanswered and no command has begun; IDLE is quiet. */
  get quiet(): boolean {
    return this.settled && (!this.scanner.open || this.scanner.idling);
  }

  /** Every whole command has its answer. */
  get settled(): boolean {
    return this.units === null;
  }

  /** The client said `chunk`. */
  said(chunk: Uint8Array): void {
    const start = this.at;
    this.at += chunk.length;
    this.scanner.scan(chunk, (event) => {
      if (event.kind === 'literal') return;
      this.units ??= [];
      this.units.push({ kind: event.kind, tag: event.tag, name: event.name, end: start + event.at });
    });
    if (this.overflown) return;
    this.chunks ??= [];
    this.chunks.push(chunk);
    if (this.at - this.from > this.bytesMax) {
      this.overflown = true;
      this.chunks = null;
    }
  }

  /** The client said something of a command that will be refused: it goes nowhere. `onEvent` sees what ended in it. */
  skim(chunk: Uint8Array, onEvent: (event: ScanEvent) => void): void {
    this.scanner.scan(chunk, onEvent);
  }

  /** The node has answered so many units of this leg. */
  answered(count: number): void {
    const newly = count - this.answeredUnits;
    if (newly <= 0) return;
    this.answeredUnits = count;
    const units = this.units?.length ?? 0;
    if (units > 0) this.forget(Math.min(newly, units));
    // More than were whole: the open one was refused while it waited to send a literal.
    if (newly > units) this.openRefused();
    if (!this.quiet) return;
    if (this.overflown) this.from = this.at;
    this.overflown = false;
  }

  /** What is left to be answered when the node is lost. */
  unanswered(): Unanswered {
    const units = this.units ?? [];
    const openIsLost = this.overflown && this.scanner.open && !this.scanner.idling;
    if (this.overflown) return { again: [], refused: units, open: NO_BYTES, openIsLost };
    const text = Buffer.concat(this.chunks ?? []);
    let from = this.from;
    const said = units.map((unit) => {
      const bytes = text.subarray(from - this.from, unit.end - this.from);
      from = unit.end;
      return { unit, bytes };
    });
    const stop = said.findIndex(({ unit, bytes }) => !this.protocol.mayBeSaidAgain(unit, bytes));
    return {
      again: stop < 0 ? said : said.slice(0, stop),
      refused: stop < 0 ? [] : units.slice(stop),
      open: text.subarray(from - this.from),
      openIsLost,
    };
  }

  /** Everything unanswered as it came; `undefined` when there was too much to keep. */
  takeUnanswered(): Buffer | undefined {
    return this.overflown ? undefined : Buffer.concat(this.chunks ?? []);
  }

  /** A new leg begins, on which what `kept` holds is said again. */
  restart(kept: Unanswered): void {
    const pieces = [...kept.again.map(({ bytes }) => bytes), kept.open].filter((bytes) => bytes.length > 0);
    this.from = this.at - pieces.reduce((sum, { length }) => sum + length, 0);
    let end = this.from;
    const units = kept.again.map(({ unit, bytes }) => {
      end += bytes.length;
      return { ...unit, end };
    });
    this.units = units.length > 0 ? units : null;
    this.chunks = pieces.length > 0 ? pieces : null;
    this.overflown = false;
    this.answeredUnits = 0;
    // An IDLE that is refused is over: the next line is a command, not its DONE.
    if (kept.refused.at(-1)?.kind === 'idle') this.scanner.commandAnswered();
  }

  /** The open command was refused before it was whole: the next byte begins another. */
  openRefused(): void {
    this.scanner.commandAnswered();
    this.chunks = null;
    this.from = this.at;
  }

  private forget(units: number): void {
    const end = this.units![units - 1]!.end;
    this.units!.splice(0, units);
    if (this.units!.length === 0) this.units = null;
    const chunks = this.chunks ?? [];
    while (chunks.length > 0 && this.from + chunks[0]!.length <= end) this.from += chunks.shift()!.length;
    if (chunks.length > 0 && this.from < end) chunks[0] = chunks[0]!.subarray(end - this.from);
    this.from = end;
    if (chunks.length === 0) this.chunks = null;
  }
}
