import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompress } from 'node:zlib';
import { crc32c } from '#stdx';

/**
 * A record of a cold segment: a message, compressed in frames, so that a part of it is read without the rest.
 *
 *     0  magic  'RKC1'
 *     4  number of frames
 *     8  length of the message, 64 bit
 *    16  blob id: SHA-256 of the message
 *    48  for each frame: the bytes it takes
 *        CRC-32C of all above
 *        the frames: `FRAME_BYTES` of the message each, the last one what is left. Zstandard (RFC 8878) with checksum; as it
 *        is when it takes just as many bytes as it holds.
 *
 * Integers are big-endian. Most mail is one frame: one read, one inflation.
 */
export const FRAME_BYTES = 256 * 1024;
const HEAD_BYTES = 48;
const MAGIC = 0x524b4331;

const deflate = promisify(zstdCompress);
const inflate = promisify(zstdDecompress);

export interface ColdHead {
  readonly hash: Buffer;
  /** Of the message. */
  readonly length: number;
  /** What each frame takes. */
  readonly frames: readonly number[];
  readonly headBytes: number;
}

const framesOf = (length: number): number => Math.ceil(length / FRAME_BYTES);
export const coldHeadBytes = (length: number): number => HEAD_BYTES + 4 * framesOf(length) + 4;
/** What the whole record takes. */
export const coldRecordBytes = ({ headBytes, frames }: ColdHead): number =>
  frames.reduce((sum, bytes) => sum + bytes, headBytes);

export async function encodeColdRecord(hash: Buffer, bytes: Buffer, level: number): Promise<Buffer> {
  const head = Buffer.alloc(coldHeadBytes(bytes.length));
  head.writeUInt32BE(MAGIC, 0);
  head.writeUInt32BE(framesOf(bytes.length), 4);
  head.writeBigUInt64BE(BigInt(bytes.length), 8);
  hash.copy(head, 16);
  const parts: Buffer[] = [head];
  for (let at = 0, i = 0; at < bytes.length; at += FRAME_BYTES, i++) {
    const raw = bytes.subarray(at, at + FRAME_BYTES);
    const packed = await deflate(raw, {
      params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 },
    });
    const frame = packed.length < raw.length ? packed : raw;
    head.writeUInt32BE(frame.length, HEAD_BYTES + 4 * i);
    parts.push(frame);
  }
  head.writeUInt32BE(crc32c(head.subarray(0, -4)), head.length - 4);
  return Buffer.concat(parts);
}

/** The head at a position; undefined when there is none, or a damaged one. */
export function decodeColdHead(bytes: Buffer, position = 0): ColdHead | undefined {
  if (bytes.length < position + HEAD_BYTES + 4 || bytes.readUInt32BE(position) !== MAGIC) return undefined;
  const count = bytes.readUInt32BE(position + 4);
  const length = Number(bytes.readBigUInt64BE(position + 8));
  const headBytes = coldHeadBytes(length);
  if (count !== framesOf(length) || bytes.length < position + headBytes) return undefined;
  const end = position + headBytes - 4;
  if (bytes.readUInt32BE(end) !== crc32c(bytes.subarray(position, end))) return undefined;
  const frames = Array.from({ length: count }, (_, i) => bytes.readUInt32BE(position + HEAD_BYTES + 4 * i));
  return { hash: bytes.subarray(position + 16, position + 48), length, frames, headBytes };
}

/** A frame's part of the message; undefined when it is damaged. `i`: which of the record's. */
export async function inflateFrame({ length }: ColdHead, i: number, frame: Buffer): Promise<Buffer | undefined> {
  const wanted = Math.min(FRAME_BYTES, length - i * FRAME_BYTES);
  if (frame.length === wanted) return frame;
  try {
    const raw = await inflate(frame, { maxOutputLength: wanted });
    return raw.length === wanted ? raw : undefined;
  } catch {
    return undefined;
  }
}
