const NOTHING = Buffer.alloc(0);

/** Gathers pieces of bytes that lie in different chunks; copies nothing when they lie in one. */
export class ByteCollector {
  private kept = NOTHING;
  private length = 0;

  /** Bytes gathered since the last `take`. */
  get size(): number {
    return this.length;
  }

  /** Copies `bytes`; the buffer doubles, so that many small pieces cost what one big one does. */
  add(bytes: Buffer): void {
    const needed = this.length + bytes.length;
    if (needed > this.kept.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, 2 * this.kept.length, 256));
      this.kept.copy(grown, 0, 0, this.length);
      this.kept = grown;
    }
    bytes.copy(this.kept, this.length);
    this.length = needed;
  }

  /** All that was gathered, then `last`; valid until `last`'s buffer changes. Starts anew. */
  take(last: Buffer): Buffer {
    if (this.length === 0) return last;
    this.add(last);
    const all = this.kept.subarray(0, this.length);
    this.kept = NOTHING;
    this.length = 0;
    return all;
  }
}
