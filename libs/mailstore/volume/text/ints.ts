/** Numbers below 2^32, as many as come. */
export class IntList {
  length = 0;
  private values = new Uint32Array(1_024);

  push(value: number): void {
    if (this.length === this.values.length) {
      const longer = new Uint32Array(2 * this.length);
      longer.set(this.values);
      this.values = longer;
    }
    this.values[this.length++] = value;
  }

  add(index: number, value: number): void {
    this.values[index]! += value;
  }

  get(index: number): number {
    return this.values[index]!;
  }
}

/** Bytes, as many as come. */
export class ByteList {
  length = 0;
  private bytes = Buffer.allocUnsafe(4_096);

  push(byte: number): void {
    if (this.length === this.bytes.length) this.grow(1);
    this.bytes[this.length++] = byte;
  }

  append(bytes: Uint8Array): void {
    if (this.length + bytes.length > this.bytes.length) this.grow(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** Seven bits a byte, the lowest first, as in LEB128. */
  varint(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.push((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    this.push(rest);
  }

  clear(): void {
    this.length = 0;
  }

  /** Until the next change. */
  taken(): Buffer {
    return this.bytes.subarray(0, this.length);
  }

  private grow(least: number): void {
    const longer = Buffer.allocUnsafe(Math.max(2 * this.bytes.length, this.length + least));
    longer.set(this.taken());
    this.bytes = longer;
  }
}

/** Reads what `ByteList` wrote. */
export class ByteCursor {
  constructor(
    private readonly bytes: Uint8Array,
    public at = 0,
  ) {}

  varint(): number {
    const { bytes } = this;
    let value = 0;
    for (let unit = 1; ; unit *= 0x80) {
      const byte = bytes[this.at++]!;
      if (byte < 0x80) return value + byte * unit;
      value += (byte - 0x80) * unit;
    }
  }
}

/**
 * Codes in as few bytes as their frequency allows, for the common are the small ones: 192 take one, 14,336 more two, 458,752
 * more three, others five.
 */
export const ONE_BYTE = 192;
const TWO_BYTES = ONE_BYTE + 56 * 0x100;
const THREE_BYTES = TWO_BYTES + 7 * 0x10000;

export function pushCode(to: ByteList, code: number): void {
  if (code < ONE_BYTE) {
    to.push(code);
  } else if (code < TWO_BYTES) {
    const rest = code - ONE_BYTE;
    to.push(ONE_BYTE + (rest >> 8));
    to.push(rest & 0xff);
  } else if (code < THREE_BYTES) {
    const rest = code - TWO_BYTES;
    to.push(248 + (rest >> 16));
    to.push((rest >> 8) & 0xff);
    to.push(rest & 0xff);
  } else {
    to.push(255);
    for (let shift = 24; shift >= 0; shift -= 8) to.push((code >>> shift) & 0xff);
  }
}

/** The code at `at`, in the low 32 bits; `codeLength` tells how many bytes it took. */
export function codeAt(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  if (first < ONE_BYTE) return first;
  if (first < 248) return ONE_BYTE + ((first - ONE_BYTE) << 8) + bytes[at + 1]!;
  if (first < 255) return TWO_BYTES + ((first - 248) << 16) + (bytes[at + 1]! << 8) + bytes[at + 2]!;
  return ((bytes[at + 1]! << 24) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 8) | bytes[at + 4]!) >>> 0;
}

export const codeLength = (first: number): number => (first < ONE_BYTE ? 1 : first < 248 ? 2 : first < 255 ? 3 : 5);
