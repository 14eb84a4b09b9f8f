import type { OnReadOpts } from 'node:net';

/** Who takes what was read from a leg. */
export interface LegReader {
  /**
   * `bytes` are the reader's until it returns, or, when it `owns` the buffer, until it lets the leg be read again. False
   * stops the reading.
   */
  legRead(bytes: Buffer, owns: boolean): boolean;
  /** Whether it can do with a buffer of its own now: it will stop the reading while that is in use. */
  readonly ownsReads: boolean;
}

const READ_BYTES = 65_536;
const OWN_BYTES = 262_144;
/** A read of this much is the beginning of a long answer … */
const LONG_READ_BYTES = 32_768;
/** … and one below this the end of it. */
const SHORT_READ_BYTES = 16_384;
const KEPT_MAX = 64;

/** One thread reads one socket at a time: whoever copies what he keeps can read where everybody does. */
const shared = Buffer.allocUnsafeSlow(READ_BYTES);
const kept: Buffer[] = [];

/**
 * Where a leg's bytes are read into. Node makes new memory for each read, which costs more than all else of passing bytes
 * on. Short answers are read into one buffer that all legs share, and copied; a long one into a buffer that is the leg's
 * until the answer ends, and not copied. An idle leg holds none.
 */
export class LegReads {
  /** Set before the first byte can come. */
  reader: LegReader | undefined;
  /** What arrived behind the answer to the preface. */
  first: Buffer = Buffer.alloc(0);
  private own: Buffer | undefined;
  private lastRead = 0;

  /** For `net.connect`. */
  readonly options: OnReadOpts = {
    buffer: () => this.nextBuffer(),
    callback: (length, buffer) => {
      this.lastRead = length;
      const bytes = (buffer as Buffer).subarray(0, length);
      return this.reader?.legRead(bytes, this.own !== undefined) ?? true;
    },
  };

  /** Asked once at the beginning and after each read. */
  private nextBuffer(): Buffer {
    const free = this.reader?.ownsReads ?? false;
    if (this.own && free && this.lastRead < SHORT_READ_BYTES) {
      if (kept.length < KEPT_MAX) kept.push(this.own);
      this.own = undefined;
    } else if (!this.own && free && this.lastRead >= LONG_READ_BYTES)
      this.own = kept.pop() ?? Buffer.allocUnsafeSlow(OWN_BYTES);
    return this.own ?? shared;
  }
}
