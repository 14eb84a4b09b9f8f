import { createHash, hash } from 'node:crypto';
import { join } from 'node:path';
import { MailStoreError } from '#mailstore/api';
import type { ByteStream } from '#stdx';
import type { BlobPlace } from './blobs.ts';
import { CheckedRecords } from './checked-records.ts';
import { type ColdReader, ColdSegmentGoneError } from './cold/cold-reader.ts';
import type { VolumeFiles } from './files.ts';
import { GatheredFile } from './gathered-file.ts';
import { decodeRecordHeader, RECORD_HEADER_BYTES } from './record.ts';
import { segmentFile } from './segments.ts';

/** Bytes read at once: large enough for the disk, small enough for a slow client's buffers. */
const CHUNK_BYTES = 256 * 1024;

interface Handle {
  readonly file: Promise<GatheredFile>;
  readers: number;
  /** To be told when its last reader is done. */
  dropped: (() => void) | undefined;
}

/** Where a blob is: in a file, or on cold storage. */
type FoundBlob =
  | { readonly handle: Handle; readonly file: GatheredFile; readonly place: BlobPlace }
  | { readonly handle: undefined; readonly file: undefined; readonly place: BlobPlace };

/** Reads blobs out of segments, hot ones and cold ones, keeping the files it used last open. Records may be moved while one is read: who reads keeps his file. */
export class BlobReader {
  private readonly handles = new Map<number, Handle>();
  private readonly checked = new CheckedRecords();

  constructor(
    private readonly files: VolumeFiles,
    private readonly directory: string,
    private readonly openSegmentsMax: number,
    private readonly locate: (blobHash: Buffer) => BlobPlace | undefined,
    private readonly cold: Pick<ColdReader, 'read'>,
  ) {}

  /**
   * Bytes [start, end) of a blob. A whole one is checked against its blob id when it is first read: rejects `corrupt`, for a large one
   * after its last chunk. Rejects `messageNotFound` when nobody holds it, `bytesUnavailable` when it is on cold
   * storage that does not answer.
   */
  async *read(blobHash: Buffer, start = 0, end = Infinity): ByteStream {
    const { handle, file, place } = await this.find(blobHash);
    const from = Math.max(0, start);
    const to = Math.min(end, place.size);
    if (!handle) {
      yield* this.readCold(blobHash, place, from, to);
      return;
    }
    try {
      if (from === 0 && to === place.size) yield* this.whole(file, place, blobHash);
      else yield* range(file, place, from, to);
    } finally {
      this.release(handle);
    }
  }

  /** Once more when the record was moved before anything of it was read. */
  private async *readCold(blobHash: Buffer, place: BlobPlace, from: number, to: number): ByteStream {
    let begun = false;
    try {
      for await (const chunk of this.cold.read(place, blobHash, from, to)) {
        begun = true;
        yield chunk;
      }
    } catch (error) {
      if (!(error instanceof ColdSegmentGoneError)) throw error;
      const now = this.locate(blobHash);
      if (begun || now?.segment === place.segment) throw corrupt('cold segment is missing');
      yield* this.read(blobHash, from, to);
    }
  }

  private async *whole(file: GatheredFile, place: BlobPlace, blobHash: Buffer): ByteStream {
    const first = await file.read(place.position, Math.min(CHUNK_BYTES, RECORD_HEADER_BYTES + place.size));
    const header = decodeRecordHeader(first);
    if (header?.length !== place.size || !header.hash.equals(blobHash)) throw corrupt('record header');
    const bytes = first.subarray(RECORD_HEADER_BYTES);
    const known = this.checked.has(place);
    if (bytes.length === place.size) {
      if (!known && !hash('sha256', bytes, 'buffer').equals(blobHash)) throw corrupt('bytes');
      this.checked.add(place);
      if (bytes.length > 0) yield bytes;
      return;
    }
    const sum = known ? undefined : createHash('sha256').update(bytes);
    yield bytes;
    for await (const chunk of range(file, place, bytes.length, place.size)) {
      sum?.update(chunk);
      yield chunk;
    }
    if (sum && !sum.digest().equals(blobHash)) throw corrupt('bytes');
    this.checked.add(place);
  }

  /** A segment is being removed: an open file would keep its room. Who is reading it may finish; resolves when they have. */
  async forget(segment: number): Promise<void> {
    this.checked.forget(segment);
    const handle = this.handles.get(segment);
    if (!handle) return;
    this.handles.delete(segment);
    if (handle.readers > 0) await new Promise<void>((resolve) => (handle.dropped = resolve));
    await closeQuietly(handle);
  }

  async close(): Promise<void> {
    const handles = [...this.handles.values()];
    this.handles.clear();
    await Promise.allSettled(handles.map(async ({ file }) => (await file).close()));
  }

  /** The record's file, taken. Once more from the start when the record was moved before its file could be opened. */
  private async find(blobHash: Buffer): Promise<FoundBlob> {
    for (let tried: number | undefined; ; ) {
      const place = this.locate(blobHash);
      if (!place) throw new MailStoreError('messageNotFound', 'no such blob');
      if (place.stored > 0) return { handle: undefined, file: undefined, place };
      const handle = this.handle(place.segment);
      handle.readers += 1;
      try {
        return { handle, file: await handle.file, place };
      } catch (error) {
        this.release(handle);
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
        if (tried === place.segment) throw corrupt('segment is missing');
        tried = place.segment;
      }
    }
  }

  private release(handle: Handle): void {
    handle.readers -= 1;
    if (handle.readers === 0) handle.dropped?.();
  }

  private handle(segment: number): Handle {
    let handle = this.handles.get(segment);
    if (handle) this.handles.delete(segment);
    else {
      this.evict();
      const file = this.files
        .open(join(this.directory, segmentFile(segment)), 'read')
        .then((opened) => new GatheredFile(opened));
      // A failed open is not kept, so that the next reader tries again.
      file.catch(() => this.handles.delete(segment));
      handle = { file, readers: 0, dropped: undefined };
    }
    // Re-inserted, so that the map's order is that of last use.
    this.handles.set(segment, handle);
    return handle;
  }

  private evict(): void {
    if (this.handles.size < this.openSegmentsMax) return;
    for (const [segment, handle] of this.handles) {
      if (handle.readers > 0) continue;
      this.handles.delete(segment);
      void closeQuietly(handle);
      return;
    }
  }
}

async function* range(file: GatheredFile, place: BlobPlace, from: number, to: number): ByteStream {
  const start = place.position + RECORD_HEADER_BYTES;
  for (let at = from; at < to; at += CHUNK_BYTES) yield await file.read(start + at, Math.min(CHUNK_BYTES, to - at));
}

async function closeQuietly({ file }: Handle): Promise<void> {
  await file.then((open) => open.close()).catch(() => {});
}

const corrupt = (what: string): MailStoreError => new MailStoreError('corrupt', `stored bytes are damaged: ${what}`);
