export const CR = 0x0d;
export const LF = 0x0a;
export const CRLF = Buffer.from('\r\n');

/** Bytes as they arrive: any number of chunks of any size. */
export type ByteStream = AsyncIterable<Uint8Array>;

/** Collects a stream into one buffer; throws `RangeError` past `bytesMax`. */
export async function collect(stream: ByteStream, bytesMax: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  for await (const chunk of stream) {
    total += chunk.length;
    if (total > bytesMax) throw new RangeError(`stream exceeds ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return chunks.length === 1 ? asBuffer(chunks[0]!) : Buffer.concat(chunks, total);
}

/** View of a `Uint8Array` as a `Buffer`, without a copy. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

const CRC32C_TABLE = (() => {
  const table = new Uint32Array(256);
  for (let n = 0; n < 256; n++) {
    let c = n;
    for (let k = 0; k < 8; k++) c = c & 1 ? 0x82f63b78 ^ (c >>> 1) : c >>> 1;
    table[n] = c >>> 0;
  }
  return table;
})();

/** CRC-32C (Castagnoli, RFC 3720 appendix B.4). Pass the previous result to continue over chunks. */
export function crc32c(bytes: Uint8Array, previous = 0): number {
  let c = ~previous >>> 0;
  for (let i = 0; i < bytes.length; i++) c = (CRC32C_TABLE[(c ^ bytes[i]!) & 0xff]! ^ (c >>> 8)) >>> 0;
  return ~c >>> 0;
}
