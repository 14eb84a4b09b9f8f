/** A boundary that may still appear, and who waits for it. */
interface Entry<T> {
  readonly boundary: Buffer;
  readonly owner: T;
}

/** The boundaries of all open multiparts, looked up together: a line costs its length plus their number, however they overlap. */
export class BoundarySet<T> {
  /** Ascending by bytes, equal ones in the order they were opened: a prefix stands before what it begins. */
  private readonly sorted: Entry<T>[] = [];
  /** Bytes of the longest. */
  bytesMax = 0;

  get size(): number {
    return this.sorted.length;
  }

  open(boundary: Buffer, owner: T): void {
    let at = this.sorted.length;
    while (at > 0 && Buffer.compare(this.sorted[at - 1]!.boundary, boundary) > 0) at--;
    this.sorted.splice(at, 0, { boundary, owner });
    this.bytesMax = Math.max(this.bytesMax, boundary.length);
  }

  close(owner: T): void {
    const at = this.sorted.findIndex((entry) => entry.owner === owner);
    if (at < 0) return;
    this.sorted.splice(at, 1);
    this.bytesMax = this.sorted.reduce((max, entry) => Math.max(max, entry.boundary.length), 0);
  }

  /**
   * The longest boundary that `bytes` hold from `start`, the innermost of equals. RFC 2046 §5.1.1: it is sufficient that
   * the boundary appear in its entirety at the start of the line; of two that begin alike the longer is meant.
   */
  match(bytes: Buffer, start: number, end: number): Entry<T> | null {
    const { sorted } = this;
    let best: Entry<T> | null = null;
    let low = 0;
    let high = sorted.length;
    // Entries low..high agree with the line up to `depth`; each step narrows them by one more byte.
    for (let depth = 0; low < high; depth++) {
      while (low < high && sorted[low]!.boundary.length === depth) best = sorted[low++]!;
      if (low === high || start + depth >= end) break;
      const byte = bytes[start + depth]!;
      if (sorted[low]!.boundary[depth] !== byte) low = this.firstFrom(low, high, depth, byte);
      if (low < high && sorted[high - 1]!.boundary[depth] !== byte) high = this.firstFrom(low, high, depth, byte + 1);
    }
    return best;
  }

  /** First entry of low..high whose byte at `depth` is at least `byte`; `high` when there is none. */
  private firstFrom(low: number, high: number, depth: number, byte: number): number {
    let from = low;
    let to = high;
    while (from < to) {
      const middle = (from + to) >> 1;
      if (this.sorted[middle]!.boundary[depth]! < byte) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}
