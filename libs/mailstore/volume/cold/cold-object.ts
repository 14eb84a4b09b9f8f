import { createHash } from 'node:crypto';
import { type ColdHead, coldRecordBytes, decodeColdHead, inflateFrame } from './cold-record.ts';

/** A record of a cold segment, dead or alive. */
export interface ColdWalked extends ColdHead {
  readonly position: number;
  /** All of it, as it is stored. */
  readonly record: Buffer;
}

/** Goes from record to record of a whole object. Returns where it could not go on, or the object's end. */
export function* walkColdRecords(object: Buffer): Generator<ColdWalked, number, undefined> {
  for (let position = 0; position < object.length; ) {
    const head = decodeColdHead(object, position);
    const end = head ? position + coldRecordBytes(head) : 0;
    if (!head || end > object.length) return position;
    yield { ...head, position, record: object.subarray(position, end) };
    position = end;
  }
  return object.length;
}

/** The message, frame by frame; undefined for one that is damaged. */
export async function* framesOfRecord(head: ColdHead, record: Buffer): AsyncGenerator<Buffer | undefined> {
  let at = head.headBytes;
  for (const [i, bytes] of head.frames.entries()) {
    yield inflateFrame(head, i, record.subarray(at, at + bytes));
    at += bytes;
  }
}

/** Inflates all of a record and compares it with its blob id. */
export async function isWholeRecord(head: ColdHead, record: Buffer): Promise<boolean> {
  const sum = createHash('sha256');
  for await (const raw of framesOfRecord(head, record)) {
    if (!raw) return false;
    sum.update(raw);
  }
  return sum.digest().equals(head.hash);
}
