import { type ByteStream, CR, LF } from '#stdx';

/** Looks at a message as it passes: what its header and its bytes hold decides whether it may be stored. */
export class ByteWatch {
  /** The message's header holds bytes that are not ASCII. */
  eightBitHeader = false;
  /** It holds NUL, which no literal but literal8 can carry. */
  nul = false;
  private inHeader = true;
  private atLineStart = true;

  async *over(bytes: ByteStream): ByteStream {
    for await (const chunk of bytes) {
      this.nul ||= chunk.includes(0);
      if (this.inHeader) this.readHeader(chunk);
      yield chunk;
    }
  }

  private readHeader(chunk: Uint8Array): void {
    for (const byte of chunk) {
      if (byte === LF) {
        if (this.atLineStart) {
          this.inHeader = false;
          return;
        }
        this.atLineStart = true;
      } else if (byte !== CR) this.atLineStart = false;
      if (byte >= 0x80) this.eightBitHeader = true;
    }
  }
}
