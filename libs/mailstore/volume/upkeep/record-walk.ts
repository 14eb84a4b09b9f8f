import type { VolumeFile } from '../files.ts';
import { decodeRecordHeader, RECORD_HEADER_BYTES } from '../record.ts';

/** A record of a segment, dead or alive. */
export interface WalkedRecord {
  readonly position: number;
  readonly hash: Buffer;
  readonly length: number;
  /** Its header, as it is. */
  readonly head: Buffer;
}

/**
 * Goes from record to record, since each header says where the next begins. Returns where it could not go on, or `end`.
 */
export async function* walkRecords(file: VolumeFile, end: number): AsyncGenerator<WalkedRecord, number, undefined> {
  for (let position = 0; position < end; ) {
    const head = Buffer.alloc(RECORD_HEADER_BYTES);
    const done = await file.read(head, position);
    const header = done === RECORD_HEADER_BYTES ? decodeRecordHeader(head) : undefined;
    if (!header) return position;
    yield { position, hash: header.hash, length: header.length, head };
    position += RECORD_HEADER_BYTES + header.length;
  }
  return end;
}
