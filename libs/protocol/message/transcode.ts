import type { ByteStream } from '#stdx';
import { parseHeaderFields } from './header-block.ts';
import type { BodyPart } from './model.ts';

/** A stretch of the message that changes; in order, none within another. */
interface Change {
  readonly start: number;
  readonly end: number;
  /** A header block gets this Content-Transfer-Encoding; a body (`null`) is written in base64. */
  readonly encoding: 'base64' | '8bit' | null;
}

/**
 * The same message without the `binary` transfer encoding (RFC 3516 §3): leaf parts become base64, what holds parts 8bit.
 * What else the message holds stays as it is. `body` is its structure, whose offsets count in `bytes`.
 */
export async function* withoutBinary(bytes: ByteStream, body: BodyPart): ByteStream {
  const reader = new StretchReader(bytes);
  let at = 0;
  for (const change of changesOf(body)) {
    yield* reader.take(change.start - at);
    const stretch = reader.take(change.end - change.start);
    if (change.encoding === null) yield* base64Lines(stretch);
    else yield withEncoding(await joined(stretch), change.encoding);
    at = change.end;
  }
  yield* reader.take(Number.POSITIVE_INFINITY);
}

/** True when a part says `binary`: only such messages may hold NUL. RFC 2045 §6.2. */
export function hasBinaryPart(body: BodyPart): boolean {
  return changesOf(body).next().done === false;
}

function* changesOf(part: BodyPart): Generator<Change> {
  const isBinary = part.encoding === 'binary';
  const isLeaf = !part.parts && !part.message;
  if (isBinary) yield { start: part.headerStart, end: part.bodyStart, encoding: isLeaf ? 'base64' : '8bit' };
  if (isBinary && isLeaf) yield { start: part.bodyStart, end: part.end, encoding: null };
  for (const child of part.parts ?? []) yield* changesOf(child);
  if (part.message) yield* changesOf(part.message.body);
}

function withEncoding(header: Buffer, encoding: string): Buffer {
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (const { name, valueStart, end } of parseHeaderFields(header)) {
    if (name.toLowerCase() !== 'content-transfer-encoding') continue;
    pieces.push(header.subarray(at, valueStart), Buffer.from(` ${encoding}\r\n`));
    at = end;
  }
  return Buffer.concat([...pieces, header.subarray(at)]);
}

/** RFC 2045 §6.8: lines of 76 characters. */
const LINE_BYTES = 57;

async function* base64Lines(bytes: ByteStream): ByteStream {
  let held: Buffer = Buffer.alloc(0);
  let isFirst = true;
  const lines = (whole: Buffer): Buffer => {
    let text = '';
    for (let at = 0; at < whole.length; at += LINE_BYTES) {
      text += `${isFirst ? '' : '\r\n'}${whole.toString('base64', at, at + LINE_BYTES)}`;
      isFirst = false;
    }
    return Buffer.from(text, 'latin1');
  };
  for await (const chunk of bytes) {
    const all = Buffer.concat([held, chunk]);
    const whole = all.length - (all.length % LINE_BYTES);
    if (whole > 0) yield lines(all.subarray(0, whole));
    held = all.subarray(whole);
  }
  if (held.length > 0) yield lines(held);
}

async function joined(bytes: ByteStream): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Hands a stream out in stretches, one after the other. */
class StretchReader {
  private readonly chunks: AsyncIterator<Uint8Array>;
  private rest: Uint8Array = Buffer.alloc(0);

  constructor(bytes: ByteStream) {
    this.chunks = bytes[Symbol.asyncIterator]();
  }

  /** The next `length` bytes, or what is left of them. */
  async *take(length: number): ByteStream {
    let left = length;
    while (left > 0) {
      if (this.rest.length === 0) {
        const next = await this.chunks.next();
        if (next.done) return;
        this.rest = next.value;
      }
      const piece = this.rest.subarray(0, left);
      this.rest = this.rest.subarray(piece.length);
      left -= piece.length;
      if (piece.length > 0) yield piece;
    }
  }
}
