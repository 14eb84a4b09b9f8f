import type { ClientConnection } from './connection.ts';

/** Written when this much has gathered: few system calls, little memory. */
const GATHER_BYTES = 65_536;
/** Pieces from this size on are written as they are; smaller ones are copied together, which costs less than to write each. */
const COPIED_BYTES_MAX = 8_192;

/** Gathers answers and writes them in few pieces. Holds nothing while a session is idle. */
export class ConnectionOutput {
  private text = '';
  private chunks: Uint8Array[] = [];
  private chunkBytes = 0;
  private room = true;

  constructor(private readonly connection: ClientConnection) {}

  /** Text as it is, encoded as UTF-8. */
  raw(text: string): void {
    this.text += text;
    if (this.text.length >= GATHER_BYTES) this.flush();
  }

  bytes(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.gatherText();
    this.chunks.push(bytes);
    this.chunkBytes += bytes.length;
    if (this.chunkBytes >= GATHER_BYTES) this.flush();
  }

  flush(): void {
    this.gatherText();
    if (this.chunks.length === 0) return;
    const { chunks } = this;
    this.chunks = [];
    this.chunkBytes = 0;
    this.connection.together(() => {
      for (const piece of joined(chunks)) this.room = this.connection.write(piece);
    });
  }

  /** Forgets what is gathered and not yet written. */
  discard(): void {
    this.text = '';
    this.chunks = [];
    this.chunkBytes = 0;
  }

  /** Resolves when the client has taken enough of what was sent: await it between batches of any long answer. */
  drained(): Promise<void> | undefined {
    return this.room ? undefined : this.waitForRoom();
  }

  private async waitForRoom(): Promise<void> {
    await this.connection.drained();
    this.room = true;
  }

  private gatherText(): void {
    if (this.text === '') return;
    const encoded = Buffer.from(this.text);
    this.text = '';
    this.chunks.push(encoded);
    this.chunkBytes += encoded.length;
  }
}

/** Small neighbours put together. */
function* joined(chunks: readonly Uint8Array[]): Iterable<Uint8Array> {
  let small: Uint8Array[] = [];
  for (const chunk of chunks) {
    if (chunk.length < COPIED_BYTES_MAX) {
      small.push(chunk);
      continue;
    }
    if (small.length > 0) yield together(small);
    small = [];
    yield chunk;
  }
  if (small.length > 0) yield together(small);
}

const together = (chunks: readonly Uint8Array[]): Uint8Array =>
  chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
