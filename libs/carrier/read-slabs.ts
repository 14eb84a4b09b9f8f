import type { OnReadOpts } from 'node:net';

const SLAB_BYTES = 262_144;
/** A TLS record is at most this, and is read whole. */
const RECORD_BYTES = 16_384;
const KEPT_MAX = 32;

/** Memory that is read into; handed out in parts, and used again once all of them are given back. */
class Slab {
  readonly memory = Buffer.allocUnsafeSlow(SLAB_BYTES);
  /** Up to here it is read into. */
  filled = 0;
  /** Nothing more is read into it. */
  full = false;
  private lent = 0;

  lend(): () => void {
    this.lent++;
    return this.giveBack;
  }

  /** Used again from its beginning once nothing of it is lent. */
  rewind(): void {
    if (this.lent === 0) this.filled = 0;
  }

  private readonly giveBack = (): void => {
    if (--this.lent > 0) return;
    this.filled = 0;
    if (this.full && kept.length < KEPT_MAX) {
      this.full = false;
      kept.push(this);
    }
  };
}

/** Of all carriers of this process, free to be read into. */
const kept: Slab[] = [];

/**
 * Where a connection's bytes are read into. Node makes new memory for each read, and collecting it costs more than all else
 * of passing bytes on. Whoever keeps what was read without saying so keeps it in memory, and no harm is done.
 */
export class ReadSlabs {
  /** Set before the first byte can come. False stops the reading. */
  reader: ((bytes: Buffer) => boolean) | undefined;
  private slab = new Slab();

  /** For `net.connect`. */
  readonly options: OnReadOpts = {
    buffer: () => this.space(),
    callback: (length, buffer) => {
      const { slab } = this;
      const bytes = (buffer as Buffer).subarray(0, length);
      // Given back meanwhile or not: it was read to where it was asked for.
      slab.filled = bytes.byteOffset + length;
      const goesOn = this.reader?.(bytes) ?? true;
      slab.rewind();
      return goesOn;
    },
  };

  /** Keeps what was just read until the returned function is called. */
  lend(): () => void {
    return this.slab.lend();
  }

  private space(): Buffer {
    if (this.slab.filled > SLAB_BYTES - RECORD_BYTES) {
      this.slab.full = true;
      this.slab = kept.pop() ?? new Slab();
    }
    const { memory, filled } = this.slab;
    return filled === 0 ? memory : memory.subarray(filled);
  }
}
