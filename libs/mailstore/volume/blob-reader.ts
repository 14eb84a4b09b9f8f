import { createHash, hash } from 'node:crypto';
import { join } from 'node:path';
import { MailStoreError } from '#mailstore/api';
import type { ByteStream } from '#stdx';
import type { BlobPlace } from './blobs.ts';
import type { VolumeFile, VolumeFiles } from './files.ts';
import { decodeRecordHeader, RECORD_HEADER_BYTES } from './record.ts';
import { segmentFile } from './segments.ts';

/** Bytes read at once: large enough for the disk, small enough for a slow client's buffers. */
const CHUNK_BYTES = 256 * 1024;

interface Handle {
  readonly file: Promise<VolumeFile>;
  readers: number;
  /** To be closed when its last reader is done. */
  dropped: boolean;
}

/** Reads blobs out of segments, keeping the files it used last open. */
export class BlobReader {
  private readonly handles = new Map<number, Handle>();

  constructor(
    private readonly files: VolumeFiles,
    private readonly directory: string,
    private readonly openSegmentsMax: number,
  ) {}

  /** Bytes [start, end) of a blob. A whole one is checked against its blob id: rejects `corrupt`, for a large one after its last chunk. */
  async *read(place: BlobPlace, blobHash: Buffer, start: number, end: number): ByteStream {
    const from = Math.max(0, start);
    const to = Math.min(end, place.size);
    if (from === 0 && to === place.size) yield* this.whole(place, blobHash);
    else yield* this.range(place, from, to);
  }

  /** A segment is being removed: an open file would keep its room. Who is reading it may finish. */
  forget(segment: number): void {
    const handle = this.handles.get(segment);
    if (!handle) return;
    this.handles.delete(segment);
    handle.dropped = true;
    if (handle.readers === 0) closeQuietly(handle);
  }

  async close(): Promise<void> {
    const handles = [...this.handles.values()];
    this.handles.clear();
    await Promise.allSettled(handles.map(async ({ file }) => (await file).close()));
  }

  private async *whole(place: BlobPlace, blobHash: Buffer): ByteStream {
    const first = await this.pread(place, 0, Math.min(CHUNK_BYTES, RECORD_HEADER_BYTES + place.size));
    const header = decodeRecordHeader(first);
    if (header?.length !== place.size || !header.hash.equals(blobHash)) throw corrupt('record header');
    const bytes = first.subarray(RECORD_HEADER_BYTES);
    if (bytes.length === place.size) {
      if (!hash('sha256', bytes, 'buffer').equals(blobHash)) throw corrupt('bytes');
      if (bytes.length > 0) yield bytes;
      return;
    }
    const sum = createHash('sha256').update(bytes);
    yield bytes;
    for await (const chunk of this.range(place, bytes.length, place.size)) {
      sum.update(chunk);
      yield chunk;
    }
    if (!sum.digest().equals(blobHash)) throw corrupt('bytes');
  }

  private async *range(place: BlobPlace, from: number, to: number): ByteStream {
    for (let at = from; at < to; at += CHUNK_BYTES)
      yield await this.pread(place, RECORD_HEADER_BYTES + at, Math.min(CHUNK_BYTES, to - at));
  }

  private async pread({ segment, position }: BlobPlace, offset: number, length: number): Promise<Buffer> {
    const handle = this.handle(segment);
    handle.readers += 1;
    try {
      const into = Buffer.allocUnsafe(length);
      const done = await (await handle.file).read(into, position + offset);
      if (done < length) throw corrupt('segment ends early');
      return into;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw corrupt('segment is missing');
      throw error;
    } finally {
      handle.readers -= 1;
      if (handle.dropped && handle.readers === 0) closeQuietly(handle);
    }
  }

  private handle(segment: number): Handle {
    let handle = this.handles.get(segment);
    if (handle) this.handles.delete(segment);
    else {
      this.evict();
      const file = this.files.open(join(this.directory, segmentFile(segment)), 'read');
      // A failed open is not kept, so that the next reader tries again.
      file.catch(() => this.handles.delete(segment));
      handle = { file, readers: 0, dropped: false };
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
      closeQuietly(handle);
      return;
    }
  }
}

function closeQuietly({ file }: Handle): void {
  file.then((open) => open.close()).catch(() => {});
}

const corrupt = (what: string): MailStoreError => new MailStoreError('corrupt', `stored bytes are damaged: ${what}`);
