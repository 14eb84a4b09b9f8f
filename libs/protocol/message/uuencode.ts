import type { TransferDecoder } from './transfer-decoder.ts';

/** A line holds 45 bytes in 61 characters; a longer one is no line of it. */
const LINE_MAX = 200;

/** uuencode (POSIX.1-2017): lines between `begin` and `end`, each a length character and groups of four. What stands around them is left out. */
export class UuDecoder implements TransferDecoder {
  private line = '';
  private isInside = false;

  push(chunk: Uint8Array): Buffer {
    const lines = (this.line + Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1')).split(
      '\n',
    );
    this.line = lines.pop()!.slice(0, LINE_MAX);
    return Buffer.concat(lines.map((line) => this.readLine(line)));
  }

  end(): Buffer {
    return this.readLine(this.line);
  }

  private readLine(line: string): Buffer {
    const text = line.slice(0, LINE_MAX).trimEnd();
    if (!this.isInside) {
      this.isInside = /^begin(?:-base64)? [0-7]{3,4} /.test(text);
      return Buffer.alloc(0);
    }
    if (text === 'end') {
      this.isInside = false;
      return Buffer.alloc(0);
    }
    const length = (text.charCodeAt(0) - 0x20) & 0x3f;
    const out = Buffer.alloc(Math.min(length, 63));
    for (let i = 0, at = 1; i < out.length; i += 3, at += 4) {
      const bits =
        (sextet(text, at) << 18) | (sextet(text, at + 1) << 12) | (sextet(text, at + 2) << 6) | sextet(text, at + 3);
      out[i] = bits >> 16;
      if (i + 1 < out.length) out[i + 1] = bits >> 8;
      if (i + 2 < out.length) out[i + 2] = bits;
    }
    return out;
  }
}

/** Blanks that were trimmed count as zero. */
function sextet(text: string, at: number): number {
  return at < text.length ? (text.charCodeAt(at) - 0x20) & 0x3f : 0;
}
