/** A peer broke the line protocol: too long, or not JSON. */
export class LineError extends Error {
  override readonly name = 'LineError';
}

const LF = 0x0a;

/** Cuts a byte stream into lines of JSON. Throws `LineError` past `lineBytesMax` or on what is no JSON. */
export class JsonLineReader {
  private pending: Buffer[] = [];
  private pendingBytes = 0;

  /** The limit may be raised once the peer is known. */
  constructor(public lineBytesMax: number) {}

  push(chunk: Buffer, onValue: (value: unknown) => void): void {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(LF, start);
      const piece = end < 0 ? chunk.subarray(start) : chunk.subarray(start, end);
      this.pendingBytes += piece.length;
      if (this.pendingBytes > this.lineBytesMax) throw new LineError(`line of more than ${this.lineBytesMax} bytes`);
      this.pending.push(piece);
      if (end < 0) return;
      const line = Buffer.concat(this.pending, this.pendingBytes);
      this.pending = [];
      this.pendingBytes = 0;
      start = end + 1;
      onValue(parse(line));
    }
  }
}

function parse(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString('utf8'));
  } catch {
    throw new LineError('a line is not JSON');
  }
}

export const jsonLine = (value: unknown): string => `${JSON.stringify(value)}\n`;
