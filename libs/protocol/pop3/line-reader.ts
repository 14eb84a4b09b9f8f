import { CR, LF } from '#stdx';

const NO_BYTES = Buffer.alloc(0);

/** A line without its end, or one that was too long and is gone. */
export type Pop3Line = { readonly kind: 'line'; readonly text: Buffer } | { readonly kind: 'tooLong' };

/** Cuts what a client sends into lines. LF ends one, with or without the CR that RFC 1939 §3 asks for. */
export class LineReader {
  private pending: Buffer = NO_BYTES;
  /** No LF is in `pending` before this. */
  private searched = 0;
  private discarding = false;

  /** `bytesMax` counts the line's end. */
  constructor(private readonly bytesMax: number) {}

  push(chunk: Uint8Array): void {
    this.pending = this.pending.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.pending, chunk]);
  }

  next(): Pop3Line | undefined {
    const lf = this.pending.indexOf(LF, this.searched);
    if (lf < 0) {
      this.keepWithinLimit();
      return undefined;
    }
    const line = this.pending.subarray(0, lf);
    this.pending = this.pending.subarray(lf + 1);
    this.searched = 0;
    if (this.discarding || lf + 1 > this.bytesMax) {
      this.discarding = false;
      return { kind: 'tooLong' };
    }
    return { kind: 'line', text: line.at(-1) === CR ? line.subarray(0, -1) : line };
  }

  /** What came behind the last line. */
  takeRest(): Buffer {
    const rest = this.pending;
    this.pending = NO_BYTES;
    this.searched = 0;
    return rest;
  }

  private keepWithinLimit(): void {
    if (this.pending.length >= this.bytesMax) {
      this.discarding = true;
      this.pending = NO_BYTES;
    }
    this.searched = this.pending.length;
  }
}
