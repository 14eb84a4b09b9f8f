const ZERO = 0x30;
/** Digits of the largest safe integer. */
const DIGITS_MAX = 16;
const FIRST_BYTES = 65_536;
/** Up to here whole numbers are divided as 32-bit integers. */
const INT32_MAX = 0x7fff_ffff;

/** Many short lines written straight into one growing buffer: half of what texts put together and then encoded cost. */
export class ResponseBytes {
  private bytes = Buffer.allocUnsafe(FIRST_BYTES);
  private length = 0;

  /** Short pieces, already encoded. */
  add(piece: Uint8Array): void {
    this.makeRoom(piece.length);
    const { bytes, length } = this;
    for (let i = 0; i < piece.length; i++) bytes[length + i] = piece[i]!;
    this.length += piece.length;
  }

  /** A whole number ≥ 0, in decimal. */
  number(value: number): void {
    this.makeRoom(DIGITS_MAX);
    const { bytes } = this;
    let end = this.length + 1;
    for (let rest = value; rest >= 10; rest = rest > INT32_MAX ? Math.floor(rest / 10) : (rest / 10) | 0) end++;
    let rest = value;
    for (let at = end - 1; at >= this.length; at--) {
      const next = rest > INT32_MAX ? Math.floor(rest / 10) : (rest / 10) | 0;
      bytes[at] = ZERO + rest - next * 10;
      rest = next;
    }
    this.length = end;
  }

  /** What was written, which is the caller's now. */
  take(): Buffer {
    const written = this.bytes.subarray(0, this.length);
    this.bytes = Buffer.allocUnsafe(Math.max(FIRST_BYTES, this.length));
    this.length = 0;
    return written;
  }

  private makeRoom(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const grown = Buffer.allocUnsafe(2 * (this.length + more));
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
  }
}
