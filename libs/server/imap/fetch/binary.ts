import type { MailStore, StoredMessage } from '#mailstore/api';
import { type BodyPart, type ByteRange, decodeTransfer, findPartAt, isKnownEncoding } from '#protocol/message';
import { type ByteStream, collect } from '#stdx';
import { ImapRefusal } from '../errors.ts';
import { begun, type Piece, SMALL_BYTES } from './piece.ts';
import type { BinaryItem } from './plan.ts';
import { partialOf } from './sections.ts';

/** A part's bytes where they are stored, and the encoding to be undone. */
interface Encoded extends ByteRange {
  readonly encoding: string;
}

/** BINARY and BINARY.SIZE: a part without its transfer encoding. RFC 9051 §6.4.5.2, RFC 3516 §4. */
export async function openBinary(store: MailStore, message: StoredMessage, item: BinaryItem): Promise<Piece> {
  const encoded = encodedPart(message, item.part);
  if (!encoded) return null;
  if (!isKnownEncoding(encoded.encoding))
    // RFC 9051 §7.1.
    throw new ImapRefusal('UNKNOWN-CTE', 'The transfer encoding of a part is not known');
  const decoded = (): ByteStream => decode(store.read(message.blobId, encoded.start, encoded.end), encoded.encoding);
  const size = await decodedSize(encoded, decoded);
  if (item.kind === 'binarySize') return { kind: 'number', value: size };
  const { start, end } = partialOf({ start: 0, end: size }, item.partial);
  const chunks = slice(decoded(), start, end);
  if (end - start > SMALL_BYTES)
    return { kind: 'stream', size: end - start, chunks: await begun(chunks), binary: true };
  return { kind: 'bytes', bytes: await collect(chunks, end - start), binary: true };
}

function encodedPart({ body, size }: StoredMessage, path: readonly number[]): Encoded | null {
  // RFC 9051 §6.4.5.2: the empty section is the whole message, which has no encoding of its own.
  if (path.length === 0) return { start: 0, end: size, encoding: 'binary' };
  const part = body ? findPartAt(body, path) : null;
  return part && { start: part.bodyStart, end: part.end, encoding: encodingOf(part) };
}

/** RFC 2045 §6.4: what is made of parts is never encoded itself. */
const encodingOf = (part: BodyPart): string => (part.parts || part.message ? 'binary' : part.encoding);

const IDENTITY: ReadonlySet<string> = new Set(['7bit', '8bit', 'binary']);

/** The size is told before the bytes, so an encoded part is read once to be measured; nothing of it is kept. */
async function decodedSize({ start, end, encoding }: Encoded, decoded: () => ByteStream): Promise<number> {
  if (IDENTITY.has(encoding) || start === end) return end - start;
  let size = 0;
  for await (const chunk of decoded()) size += chunk.length;
  return size;
}

async function* decode(chunks: ByteStream, encoding: string): ByteStream {
  const decoder = decodeTransfer(encoding);
  for await (const chunk of chunks) {
    const bytes = decoder.push(chunk);
    if (bytes.length > 0) yield bytes;
  }
  const rest = decoder.end();
  if (rest.length > 0) yield rest;
}

/** Bytes [start, end) of a stream. */
async function* slice(chunks: ByteStream, start: number, end: number): ByteStream {
  if (start === end) return;
  let at = 0;
  for await (const chunk of chunks) {
    const piece = chunk.subarray(Math.max(0, start - at), Math.max(0, end - at));
    if (piece.length > 0) yield piece;
    at += chunk.length;
    if (at >= end) return;
  }
}
