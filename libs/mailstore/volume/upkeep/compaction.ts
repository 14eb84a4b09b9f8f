import { hash } from 'node:crypto';
import { join } from 'node:path';
import type { Logger } from '#stdx';
import { type BlobPlace, findBlob } from '../blobs.ts';
import type { CommitLoop } from '../commit-loop.ts';
import type { VolumeFile, VolumeFiles } from '../files.ts';
import type { IndexDb } from '../index-db.ts';
import { RECORD_HEADER_BYTES } from '../record.ts';
import type { Room } from '../room.ts';
import { type SegmentWriter, segmentFile } from '../segments.ts';
import type { VolumeSettings } from '../settings.ts';
import { type CopiedRecord, CopyTarget } from './copy-target.ts';
import type { UpkeepJob } from './job.ts';
import { walkRecords } from './record-walk.ts';
import type { Throttle } from './throttle.ts';

interface Candidate {
  readonly id: number;
  readonly bytes: number;
  readonly live: number;
}

export interface CompactionParts {
  readonly index: IndexDb;
  readonly loop: CommitLoop;
  readonly segments: SegmentWriter;
  readonly room: Room;
  readonly files: VolumeFiles;
  readonly directory: string;
  readonly settings: VolumeSettings;
  readonly throttle: Throttle;
  readonly logger: Logger;
}

/**
 * Gives back the room of what was deleted: records still held are copied out of a segment that is mostly dead, synced, and
 * only then referred to; the old file goes when nothing refers to it and its last reader is done. A crash leaves each record referred to
 * where it is whole: before the reference moves that is the old file, after it the new one. What a crash leaves of the new file beyond the
 * last reference is cut off when the volume is next opened (`closeOpenSegments`), a file without one is removed (`removeOrphans`).
 */
export class Compaction implements UpkeepJob {
  readonly figures = { compactedSegments: 0, reclaimedBytes: 0 };
  /** Segments with a damaged record, which has to stay where it is. */
  private readonly damaged = new Set<number>();
  private target: CopyTarget | undefined;

  constructor(private readonly parts: CompactionParts) {}

  /** The segment being written: not an orphan. */
  get writing(): number | undefined {
    return this.target?.id;
  }

  async run(isStopped: () => boolean): Promise<void> {
    try {
      for (let next = this.next(); next && !isStopped(); next = this.next()) await this.compact(next, isStopped);
    } finally {
      const { target } = this;
      if (target) await target.finish().finally(() => (this.target = undefined));
    }
  }

  private next(): Candidate | undefined {
    const { index, segments, settings } = this.parts;
    const candidates = index.all<Candidate>(
      'SELECT id, bytes, live FROM segment WHERE open = 0 AND cold = 0 AND bytes - live > bytes * ? ORDER BY bytes - live DESC',
      settings.compactDeadShare,
    );
    return candidates.find(({ id }) => !this.damaged.has(id) && !segments.isInUse(id));
  }

  private async compact({ id, bytes, live }: Candidate, isStopped: () => boolean): Promise<void> {
    const { loop, room, files, directory, logger } = this.parts;
    await room.take(live);
    if (live > 0) {
      const file = await files.open(join(directory, segmentFile(id)), 'read');
      try {
        await this.copyLive(id, file, bytes, isStopped);
      } finally {
        await file.close();
      }
    }
    if (isStopped()) return;
    await this.target?.switch();
    // Empty by now, unless something is damaged or new references came meanwhile.
    const left = await loop.submit({
      ...{ contents: [], grows: false },
      run: (edit) => {
        edit.blobs.lose(id, 0);
        return edit.scope.index.get<Candidate>('SELECT id, bytes, live FROM segment WHERE id = ?', id)?.live ?? 0;
      },
    });
    if (left > 0) {
      this.damaged.add(id);
      logger.warn({ segment: segmentFile(id), bytes: left }, 'a segment could not be compacted as a whole');
      return;
    }
    this.figures.compactedSegments += 1;
    this.figures.reclaimedBytes += bytes - live;
  }

  /** Copies the records that are referred to. Past a damaged header where the next one begins is not known: the rest stays. */
  private async copyLive(id: number, file: VolumeFile, end: number, isStopped: () => boolean): Promise<void> {
    const { index, throttle } = this.parts;
    for await (const { position, hash: blobHash, length, head } of walkRecords(file, end)) {
      if (isStopped()) return;
      const place = findBlob(index, blobHash);
      const isLive = place?.segment === id && place.position === position;
      if (isLive) await this.copy(file, place, blobHash, head);
      await throttle.spend(RECORD_HEADER_BYTES + (isLive ? 2 * length : 0));
    }
  }

  private async copy(file: VolumeFile, from: BlobPlace, blobHash: Buffer, head: Buffer): Promise<void> {
    const bytes = Buffer.allocUnsafe(from.size);
    const done = await file.read(bytes, from.position + RECORD_HEADER_BYTES);
    if (done < from.size || !hash('sha256', bytes, 'buffer').equals(blobHash)) return;
    const record: CopiedRecord = { hash: blobHash, from, head, bytes };
    await (await this.openTarget()).add(record);
  }

  private async openTarget(): Promise<CopyTarget> {
    const { segments, loop, settings } = this.parts;
    if (this.target && this.target.end >= settings.segmentBytesMax) {
      await this.target.finish();
      this.target = undefined;
    }
    this.target ??= new CopyTarget(await segments.create(), { segments, loop, settings });
    return this.target;
  }
}
