import { CR, LF } from '#stdx';

const NO_BYTES = Buffer.alloc(0);

/** Cuts a message, as its bytes come, after its header, the empty line and so many lines of its body. RFC 1939 §7, TOP. */
export class BodyLineLimit {
  private inHeader = true;
  private lineIsEmpty = true;
  private lines: number;

  constructor(bodyLinesMax: number) {
    this.lines = bodyLinesMax;
  }

  /** Nothing more is wanted. */
  get reached(): boolean {
    return !this.inHeader && this.lines <= 0;
  }

  /** The part of the chunk that is wanted. */
  take(chunk: Buffer): Buffer {
    if (this.lines === Number.POSITIVE_INFINITY) return chunk;
    for (let at = 0; at < chunk.length; ) {
      if (this.reached) return chunk.subarray(0, at);
      const lf = chunk.indexOf(LF, at);
      const end = lf < 0 ? chunk.length : lf;
      for (let i = at; this.lineIsEmpty && i < end; i++) if (chunk[i] !== CR) this.lineIsEmpty = false;
      if (lf < 0) return chunk;
      this.endLine();
      at = lf + 1;
    }
    return chunk.length === 0 ? NO_BYTES : chunk;
  }

  private endLine(): void {
    if (!this.inHeader) this.lines--;
    else if (this.lineIsEmpty) this.inHeader = false;
    this.lineIsEmpty = true;
  }
}
