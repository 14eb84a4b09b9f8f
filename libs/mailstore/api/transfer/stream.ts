import { type ByteStream, crc32c } from '#stdx';
import { MailStoreError } from '../errors.ts';
import { TRANSFER_VERSION, type TransferAccount, type TransferRecord, transferRecord } from './records.ts';

/**
 * A stream is `RKACC1\r\n`, then frames: type (1 byte), length (4 bytes, big-endian), CRC-32C of type, length and payload
 * (4 bytes), payload. A record is JSON. The bytes of a message are frames of their own after it; their checksum is 0, as the message's blob id is a stronger one.
 */
const MAGIC = Buffer.from('RKACC1\r\n');
const FRAME_HEADER_BYTES = 9;
const RECORD = 0x52;
const BYTES = 0x42;
/** Default 4 MiB: a mailbox name is 1 KB, a batch of rows some hundred KB. */
const FRAME_BYTES_MAX = 4 * 1024 * 1024;

export const transferMagic = (): Buffer => Buffer.from(MAGIC);

export function encodeRecord(record: TransferRecord): Buffer {
  const payload = Buffer.from(JSON.stringify(record));
  const header = frameHeader(RECORD, payload.length);
  header.writeUInt32BE(crc32c(payload, crc32c(header.subarray(0, 5))), 5);
  return Buffer.concat([header, payload]);
}

/** The header to send before a piece of a message's bytes. */
export const bytesHeader = (length: number): Buffer => frameHeader(BYTES, length);

function frameHeader(type: number, length: number): Buffer {
  const header = Buffer.alloc(FRAME_HEADER_BYTES);
  header.writeUInt8(type, 0);
  header.writeUInt32BE(length, 1);
  return header;
}

/** Reads a stream record by record. Everything that is not as it should be rejects `corrupt`. */
export class TransferReader {
  private readonly source: AsyncIterator<Uint8Array>;
  private chunks: Buffer[] = [];
  private buffered = 0;

  constructor(stream: ByteStream) {
    this.source = stream[Symbol.asyncIterator]();
  }

  /** Call first. */
  async account(): Promise<TransferAccount> {
    if (!(await this.take(MAGIC.length)).equals(MAGIC)) throw damaged('it is no export of an account');
    const record = await this.next();
    if (record.kind !== 'account') throw damaged('it does not begin with the account');
    if (record.version > TRANSFER_VERSION)
      throw damaged(`it has version ${record.version}; this program reads up to ${TRANSFER_VERSION}`);
    return record;
  }

  async next(): Promise<TransferRecord> {
    const { payload } = await this.frame(RECORD);
    const parsed = transferRecord.safeParse(jsonOf(payload));
    if (!parsed.success) throw damaged(`a record is not as it should be: ${parsed.error.issues[0]?.message}`);
    return parsed.data;
  }

  /** The bytes of the message record just read; read them to their end before the next record. */
  async *bytes(size: number): ByteStream {
    for (let done = 0; done < size; ) {
      const { payload } = await this.frame(BYTES);
      done += payload.length;
      if (payload.length === 0 || done > size) throw damaged('bytes of a message');
      yield payload;
    }
  }

  /** Lets go of the source. */
  async close(): Promise<void> {
    await this.source.return?.();
  }

  private async frame(wanted: number): Promise<{ readonly payload: Buffer }> {
    const header = await this.take(FRAME_HEADER_BYTES);
    const length = header.readUInt32BE(1);
    if (header[0] !== wanted || length > FRAME_BYTES_MAX) throw damaged('a frame');
    const payload = await this.take(length);
    const sum = wanted === BYTES ? 0 : crc32c(payload, crc32c(header.subarray(0, 5)));
    if (header.readUInt32BE(5) !== sum) throw damaged('a checksum');
    return { payload };
  }

  private async take(length: number): Promise<Buffer> {
    while (this.buffered < length) {
      const { value, done } = await this.source.next();
      if (done) throw damaged('it ends early');
      this.chunks.push(Buffer.from(value.buffer, value.byteOffset, value.byteLength));
      this.buffered += value.byteLength;
    }
    const all = this.chunks.length === 1 && this.chunks[0] ? this.chunks[0] : Buffer.concat(this.chunks);
    this.chunks = all.length > length ? [all.subarray(length)] : [];
    this.buffered = all.length - length;
    return all.subarray(0, length);
  }
}

function jsonOf(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString());
  } catch {
    return undefined;
  }
}

const damaged = (what: string): MailStoreError => new MailStoreError('corrupt', `the stream of an account: ${what}`);
