import { join } from 'node:path';
import { MailStoreError } from '#mailstore/api';
import { assert, type ByteStream } from '#stdx';
import type { BlobPlace } from './blobs.ts';
import { SyncError } from './errors.ts';
import type { VolumeFile, VolumeFiles } from './files.ts';
import { encodeRecordHeader, RECORD_HEADER_BYTES } from './record.ts';

/** Segments of one epoch are numbered below this; `id` = epoch × SEGMENTS_PER_EPOCH + number stays exact below 2^53. */
const SEGMENTS_PER_EPOCH = 2 ** 24;

export const segmentId = (epoch: number, number: number): number => epoch * SEGMENTS_PER_EPOCH + number;
const segmentEpoch = (id: number): number => Math.floor(id / SEGMENTS_PER_EPOCH);
export const segmentFile = (id: number): string => `${segmentEpoch(id)}-${id % SEGMENTS_PER_EPOCH}.seg`;

/** As a segment's object is named on cold storage, and in backups. */
export const coldFile = (id: number): string => `${segmentEpoch(id)}-${id % SEGMENTS_PER_EPOCH}.cold`;
export const coldName = (volumeId: string, id: number): string => `${volumeId}/${coldFile(id)}`;

/** The id a segment's file name stands for; undefined for other files. */
export function segmentOf(file: string): number | undefined {
  const match = /^(\d{1,9})-(\d{1,8})\.seg$/.exec(file);
  return match ? segmentId(Number(match[1]), Number(match[2])) : undefined;
}

export interface NewRecord {
  readonly hash: Buffer;
  readonly size: number;
  readonly bytes: readonly Uint8Array[];
}

interface OpenSegment {
  readonly id: number;
  readonly file: VolumeFile;
  end: number;
}

/**
 * Writes segments. Only the commit loop appends, one append at a time; a large message writes a segment of its own beside
 * it. An epoch's first append begins a new file: bytes of different owners, or of two lives of one, never share one.
 */
export class SegmentWriter {
  private active: OpenSegment | undefined;
  private readonly sealedIds: number[];
  /** Messages written to a segment whose commit is not over yet, by segment. */
  private readonly users = new Map<number, number>();

  constructor(
    private readonly files: VolumeFiles,
    private readonly directory: string,
    private readonly epoch: number,
    private nextNumber: number,
    private readonly segmentBytesMax: number,
    leftOpen: readonly number[],
  ) {
    this.sealedIds = [...leftOpen];
  }

  /** Id of the segment being appended to. */
  get activeId(): number | undefined {
    return this.active?.id;
  }

  /** Where the active segment ends, to be recorded in the transaction that refers to it. */
  get activeBytes(): number {
    return this.active?.end ?? 0;
  }

  /** Segments closed since `forgetSealed`, and at first those the last owner left open, to be marked so in the next transaction. */
  get sealed(): readonly number[] {
    return this.sealedIds;
  }

  /** That transaction is committed. */
  forgetSealed(): void {
    this.sealedIds.length = 0;
  }

  /** A commit under way refers to bytes in it: it is not to be removed, though the index may say it is empty. */
  use(id: number): void {
    this.users.set(id, (this.users.get(id) ?? 0) + 1);
  }

  unuse(id: number): void {
    const left = (this.users.get(id) ?? 0) - 1;
    if (left > 0) this.users.set(id, left);
    else this.users.delete(id);
  }

  isInUse(id: number): boolean {
    return this.users.has(id);
  }

  /** Writes the records and syncs them. Throws what the file threw (ENOSPC: nothing of it counts), or `SyncError`. */
  async append(records: readonly NewRecord[]): Promise<readonly BlobPlace[]> {
    const segment = await this.openActive();
    const buffers: Uint8Array[] = [];
    const places: BlobPlace[] = [];
    let position = segment.end;
    for (const { hash, size, bytes } of records) {
      places.push({ segment: segment.id, position, size, stored: 0 });
      buffers.push(encodeRecordHeader({ length: size, hash }), ...bytes);
      position += RECORD_HEADER_BYTES + size;
    }
    await segment.file.write(buffers, segment.end);
    await syncOrThrow(segment.file);
    segment.end = position;
    return places;
  }

  /** A segment for one large message. */
  async large(): Promise<LargeRecord> {
    const { id, file } = await this.create();
    const remove = async (): Promise<void> => {
      await file.close();
      await this.files.remove(this.path(id));
    };
    return new LargeRecord(id, file, () => this.syncNames(), remove);
  }

  async remove(id: number): Promise<void> {
    await this.files.remove(this.path(id));
  }

  async close(): Promise<void> {
    await this.active?.file.close();
    this.active = undefined;
  }

  private async openActive(): Promise<OpenSegment> {
    const { active } = this;
    if (active && active.end < this.segmentBytesMax) return active;
    const next = await this.create();
    await this.syncNames();
    if (active) {
      this.sealedIds.push(active.id);
      await active.file.close();
    }
    this.active = { ...next, end: 0 };
    return this.active;
  }

  /** A new file of this epoch that nothing refers to yet. */
  async create(): Promise<{ readonly id: number; readonly file: VolumeFile }> {
    for (;;) {
      const id = this.reserve();
      try {
        return { id, file: await this.files.open(this.path(id), 'create') };
      } catch (error) {
        // An earlier life of this epoch left a file that nothing refers to: recovery removes it, we take the next number.
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
    }
  }

  /** An id of this epoch that no segment of this life has. */
  reserve(): number {
    assert(this.nextNumber < SEGMENTS_PER_EPOCH, 'an epoch has used all its segment numbers');
    return segmentId(this.epoch, this.nextNumber++);
  }

  /** Makes the names of new segments durable. Throws `SyncError`. */
  async syncNames(): Promise<void> {
    try {
      await this.files.syncDirectory(this.directory);
    } catch (cause) {
      throw new SyncError('sync of the segments directory failed', { cause });
    }
  }

  private path(id: number): string {
    return join(this.directory, segmentFile(id));
  }
}

/** A staged message is read back in pieces of this. */
const READ_BYTES = 256 * 1024;

/** A large message being written, then waiting for its commit. */
export class LargeRecord {
  private size = 0;
  private durable: Promise<void> | undefined;

  constructor(
    readonly segment: number,
    private readonly file: VolumeFile,
    private readonly syncNames: () => Promise<void>,
    private readonly removeFile: () => Promise<void>,
  ) {}

  get place(): BlobPlace {
    return { segment: this.segment, position: 0, size: this.size, stored: 0 };
  }

  async write(chunks: readonly Uint8Array[]): Promise<void> {
    await this.file.write(chunks, RECORD_HEADER_BYTES + this.size);
    this.size += chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  async finish(hash: Buffer): Promise<void> {
    await this.file.write([encodeRecordHeader({ length: this.size, hash })], 0);
  }

  async *read(): ByteStream {
    for (let at = 0; at < this.size; ) {
      const piece = Buffer.allocUnsafe(Math.min(READ_BYTES, this.size - at));
      if ((await this.file.read(piece, RECORD_HEADER_BYTES + at)) < piece.length)
        throw new MailStoreError('corrupt', 'a large message is cut short');
      yield piece;
      at += piece.length;
    }
  }

  /** Resolves when bytes and name are on storage; syncs once however often it is asked. Rejects `SyncError`. */
  sync(): Promise<void> {
    this.durable ??= syncOrThrow(this.file).then(this.syncNames);
    return this.durable;
  }

  /** Done with: the file stays when something refers to it. */
  async release(keep: boolean): Promise<void> {
    await (keep ? this.file.close() : this.removeFile());
  }
}

export async function syncOrThrow(file: Pick<VolumeFile, 'sync'>): Promise<void> {
  try {
    await file.sync();
  } catch (cause) {
    throw new SyncError('sync of a file failed', { cause });
  }
}
