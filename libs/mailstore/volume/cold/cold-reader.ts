import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { type ColdStorage, ColdStorageError, MailStoreError } from '#mailstore/api';
import { type ByteStream, type Clock, Turns } from '#stdx';
import type { BlobPlace } from '../blobs.ts';
import type { VolumeSettings } from '../settings.ts';
import {
  type ColdHead,
  coldHeadBytes,
  coldRecordBytes,
  decodeColdHead,
  FRAME_BYTES,
  inflateFrame,
} from './cold-record.ts';

/** A record up to this is read with one request, head and all. */
const WHOLE_RECORD_BYTES = 512 * 1024;
/** Bytes of one request for a part of a larger one. */
const WINDOW_BYTES = 1024 * 1024;

export interface ColdReaderParts {
  /** Undefined where this volume has none configured. */
  readonly storage: () => Pick<ColdStorage, 'read'> | undefined;
  readonly nameOf: (segment: number) => string;
  readonly settings: Pick<VolumeSettings, 'coldCacheBytes' | 'coldReadsMax' | 'coldRetryMs'>;
  /** Undefined where storage is a file beside us: it is asked each time. */
  readonly clock?: Clock;
}

/** The object is not there: the record may have been moved since its place was looked up. */
export class ColdSegmentGoneError extends Error {
  override readonly name = 'ColdSegmentGoneError';
}

/**
 * Reads messages on cold storage: a few requests at a time, what was read lately from memory, and, after storage did not answer, none
 * for a while, so that who asks is told at once instead of waiting for it again.
 */
export class ColdReader {
  readonly figures = { coldReads: 0, coldReadFailures: 0, coldCacheHits: 0 };
  private readonly turns: Turns;
  /** Inflated frames by blob id and number. */
  private readonly frames: LRUCache<string, Buffer>;
  /** Small records being fetched: who asks for the same meanwhile shares it. */
  private readonly fetching = new Map<string, Promise<Buffer>>();
  private readonly readers = new Map<number, number>();
  private awayUntil = -Infinity;

  constructor(private readonly parts: ColdReaderParts) {
    this.turns = new Turns(parts.settings.coldReadsMax);
    this.frames = new LRUCache({
      maxSize: parts.settings.coldCacheBytes,
      sizeCalculation: (frame) => Math.max(1, frame.length),
    });
  }

  /** Somebody is reading a message of the segment: its object is not to be removed. */
  isRead(segment: number): boolean {
    return this.readers.has(segment);
  }

  /**
   * Bytes [from, to) of a blob. A whole one is compared with its blob id. Throws `ColdSegmentGoneError` before the first chunk;
   * rejects `bytesUnavailable`, `corrupt`.
   */
  async *read(place: BlobPlace, hash: Buffer, from: number, to: number): ByteStream {
    if (from >= to) return;
    const { segment } = place;
    this.readers.set(segment, (this.readers.get(segment) ?? 0) + 1);
    try {
      const sum = from === 0 && to === place.size ? createHash('sha256') : undefined;
      const first = Math.floor(from / FRAME_BYTES);
      let at = first * FRAME_BYTES;
      for await (const frame of this.framesFrom(place, hash, first, Math.floor((to - 1) / FRAME_BYTES))) {
        sum?.update(frame);
        // The last chunk of a whole message is kept back until it is known to be right.
        if (sum && at + frame.length >= to && !sum.digest().equals(hash)) throw corrupt('bytes');
        yield frame.subarray(Math.max(0, from - at), to - at);
        at += frame.length;
      }
    } finally {
      const left = (this.readers.get(segment) ?? 0) - 1;
      if (left > 0) this.readers.set(segment, left);
      else this.readers.delete(segment);
    }
  }

  private async *framesFrom(place: BlobPlace, hash: Buffer, first: number, last: number): AsyncGenerator<Buffer> {
    const key = hash.toString('base64');
    const cached = this.cachedFrames(key, first, last);
    if (cached) {
      this.figures.coldCacheHits += 1;
      yield* cached;
      return;
    }
    const small = place.stored <= WHOLE_RECORD_BYTES;
    const record = await this.fetchOnce(key, place, small ? place.stored : coldHeadBytes(place.size));
    const head = decodeColdHead(record);
    if (head?.length !== place.size || !head.hash.equals(hash) || coldRecordBytes(head) !== place.stored)
      throw corrupt('record header');
    let i = first;
    while (i <= last) {
      const { start, count, bytes } = windowOf(head, i, last);
      const stored = small ? record.subarray(start, start + bytes) : await this.fetch(place, start, start + bytes);
      let at = 0;
      for (const end = i + count; i < end; i++) {
        const size = head.frames[i] ?? 0;
        const frame = await inflateFrame(head, i, stored.subarray(at, at + size));
        if (!frame) throw corrupt('frame');
        at += size;
        // A copy, so that a part kept does not keep the window it was cut from.
        this.frames.set(`${key}:${i}`, frame.buffer === stored.buffer ? Buffer.from(frame) : frame);
        yield frame;
      }
    }
  }

  private cachedFrames(key: string, first: number, last: number): Buffer[] | undefined {
    const found: Buffer[] = [];
    for (let i = first; i <= last; i++) {
      const frame = this.frames.get(`${key}:${i}`);
      if (!frame) return undefined;
      found.push(frame);
    }
    return found;
  }

  private fetchOnce(key: string, place: BlobPlace, bytes: number): Promise<Buffer> {
    const under = this.fetching.get(key);
    if (under) return under;
    const fetched = this.fetch(place, 0, bytes).finally(() => this.fetching.delete(key));
    this.fetching.set(key, fetched);
    return fetched;
  }

  /** Bytes of the record. */
  private async fetch({ segment, position }: BlobPlace, start: number, end: number): Promise<Buffer> {
    const { nameOf, clock, settings } = this.parts;
    const storage = this.parts.storage();
    if (!storage) throw new MailStoreError('bytesUnavailable', 'this node has no cold storage for the volume');
    return this.turns.take(async () => {
      if (clock && clock.monotonic() < this.awayUntil)
        throw new MailStoreError('bytesUnavailable', 'cold storage did not answer a moment ago');
      this.figures.coldReads += 1;
      try {
        return await storage.read(nameOf(segment), position + start, position + end);
      } catch (error) {
        this.figures.coldReadFailures += 1;
        if (!(error instanceof ColdStorageError)) throw error;
        if (error.code === 'notFound') throw new ColdSegmentGoneError(error.message, { cause: error });
        if (error.code === 'damaged') throw corrupt(error.message);
        if (clock) this.awayUntil = clock.monotonic() + settings.coldRetryMs;
        throw new MailStoreError('bytesUnavailable', error.message, { cause: error });
      }
    });
  }
}

/** Frames from `first` on that are fetched together: where they are in the record, how many, and their bytes. */
function windowOf({ frames, headBytes }: ColdHead, first: number, last: number) {
  let start = headBytes;
  for (let i = 0; i < first; i++) start += frames[i] ?? 0;
  let bytes = 0;
  let count = 0;
  for (let i = first; i <= last && (count === 0 || bytes + (frames[i] ?? 0) <= WINDOW_BYTES); i++) {
    bytes += frames[i] ?? 0;
    count += 1;
  }
  return { start, count, bytes };
}

const corrupt = (what: string): MailStoreError => new MailStoreError('corrupt', `stored bytes are damaged: ${what}`);
