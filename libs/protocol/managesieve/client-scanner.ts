/** A command ended in a chunk; `at` is the offset one past its last byte. */
export interface CommandEnd {
  readonly kind: 'command';
  readonly tag: '';
  /** Upper case. */
  readonly name: string;
  readonly at: number;
}

/** Enough of a line's end to see a literal in. */
const TAIL_BYTES = 16;
const NAME_BYTES = 32;
const LF = 0x0a;

/** Finds where commands end in what a client says to its node, and keeps none of it. */
export class ManageSieveScanner {
  private literalLeft = 0;
  private name = '';
  private tail = '';
  /** Something of a command has been seen. */
  open = false;
  readonly idling = false;

  scan(chunk: Uint8Array, onEvent: (event: CommandEnd) => void): void {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    for (let at = 0; at < bytes.length; ) {
      this.open = true;
      if (this.literalLeft > 0) {
        const taken = Math.min(this.literalLeft, bytes.length - at);
        this.literalLeft -= taken;
        at += taken;
        continue;
      }
      const lf = bytes.indexOf(LF, at);
      const end = lf < 0 ? bytes.length : lf + 1;
      this.remember(bytes.toString('latin1', at, Math.min(end, at + NAME_BYTES)), bytes, at, end);
      at = end;
      if (lf >= 0) this.lineEnded(at, onEvent);
    }
  }

  /** The open command was answered before it was whole: no command of this protocol is. */
  commandAnswered(): void {
    this.reset();
  }

  private remember(head: string, bytes: Buffer, from: number, to: number): void {
    if (this.name.length < NAME_BYTES) this.name += head.slice(0, NAME_BYTES - this.name.length);
    this.tail = (this.tail + bytes.toString('latin1', Math.max(from, to - TAIL_BYTES), to)).slice(-TAIL_BYTES);
  }

  private lineEnded(at: number, onEvent: (event: CommandEnd) => void): void {
    const literal = /\{(\d{1,10})\+?\}\r?\n$/.exec(this.tail)?.[1];
    this.tail = '';
    if (literal !== undefined) {
      this.literalLeft = Number(literal);
      // Nothing of a later line is the command's name.
      this.name = this.name.padEnd(NAME_BYTES);
      return;
    }
    const name = /^[A-Za-z]*/.exec(this.name)![0].toUpperCase();
    this.reset();
    onEvent({ kind: 'command', tag: '', name, at });
  }

  private reset(): void {
    this.literalLeft = 0;
    this.name = '';
    this.tail = '';
    this.open = false;
  }
}
