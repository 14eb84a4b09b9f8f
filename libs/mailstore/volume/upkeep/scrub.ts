import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Clock, Logger } from '#stdx';
import { findBlob } from '../blobs.ts';
import type { CommitLoop } from '../commit-loop.ts';
import type { VolumeFile, VolumeFiles } from '../files.ts';
import type { IndexDb } from '../index-db.ts';
import { decodeRecordHeader, RECORD_HEADER_BYTES } from '../record.ts';
import { segmentFile } from '../segments.ts';
import type { VolumeSettings } from '../settings.ts';
import { blobsFrom, bookDamage, type PlacedBlob } from './damage.ts';
import type { UpkeepJob } from './job.ts';
import { walkRecords } from './record-walk.ts';
import type { Throttle } from './throttle.ts';

/** How long it works before the other jobs have their turn. */
const TURN_MS = 60_000;
const CHUNK_BYTES = 256 * 1024;

interface DueSegment {
  readonly id: number;
  readonly bytes: number;
}

export interface ScrubParts {
  readonly index: IndexDb;
  readonly loop: CommitLoop;
  readonly files: VolumeFiles;
  readonly directory: string;
  readonly settings: VolumeSettings;
  readonly throttle: Throttle;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Reads every stored record again, by and by, and compares it with its checksum and its blob id. What is damaged is listed in `damage`,
 * logged and counted; its readers are told `corrupt`, and a backup can repair it (`Repair`).
 */
export class Scrub implements UpkeepJob {
  readonly figures = { scrubbedBytes: 0, damagedBlobs: 0 };

  constructor(private readonly parts: ScrubParts) {
    this.recount();
  }

  /** The list of damage has changed. */
  recount(): void {
    this.figures.damagedBlobs = this.parts.index.get<{ n: number }>('SELECT count(*) AS n FROM damage')?.n ?? 0;
  }

  async run(isStopped: () => boolean): Promise<void> {
    const { clock } = this.parts;
    await this.forgetGone();
    const until = clock.monotonic() + TURN_MS;
    for (let next = this.next(); next && clock.monotonic() < until; next = this.next()) {
      await this.scrub(next, isStopped);
      if (isStopped()) return;
    }
  }

  private next(): DueSegment | undefined {
    const { index, clock, settings } = this.parts;
    return index.get<DueSegment>(
      'SELECT id, bytes FROM segment WHERE open = 0 AND cold = 0 AND scrubbed_at < ? ORDER BY scrubbed_at, id LIMIT 1',
      Math.floor(clock.now()) - settings.scrubIntervalMs,
    );
  }

  private async scrub({ id, bytes }: DueSegment, isStopped: () => boolean): Promise<void> {
    const { files, directory, clock } = this.parts;
    const damaged = await this.damagedOf(id, bytes, isStopped, () =>
      files.open(join(directory, segmentFile(id)), 'read'),
    );
    if (isStopped()) return;
    await bookDamage(this.parts, { id, name: segmentFile(id), now: Math.floor(clock.now()) }, damaged);
    this.recount();
  }

  private async damagedOf(
    id: number,
    end: number,
    isStopped: () => boolean,
    open: () => Promise<VolumeFile>,
  ): Promise<readonly PlacedBlob[]> {
    let file: VolumeFile;
    try {
      file = await open();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      return blobsFrom(this.parts.index, id, 0);
    }
    try {
      const damaged: PlacedBlob[] = [];
      const walk = walkRecords(file, end);
      let step = await walk.next();
      for (; !step.done && !isStopped(); step = await walk.next()) {
        const { hash, position } = step.value;
        const place = findBlob(this.parts.index, hash);
        if (place?.segment !== id || place.position !== position) continue;
        if (!(await this.isWhole(file, { hash, ...place }))) damaged.push({ hash, ...place });
      }
      if (!step.done || step.value === end) return damaged;
      // Where the records go on is not known any more: the index knows where those referred to are.
      for (const row of await blobsFrom(this.parts.index, id, step.value))
        if (!(await this.isWhole(file, row))) damaged.push(row);
      return damaged;
    } finally {
      await file.close();
    }
  }

  private async isWhole(file: VolumeFile, { hash, position, size }: PlacedBlob): Promise<boolean> {
    const { throttle } = this.parts;
    const head = Buffer.alloc(RECORD_HEADER_BYTES);
    if ((await file.read(head, position)) < head.length) return false;
    const header = decodeRecordHeader(head);
    if (header?.length !== size || !header.hash.equals(hash)) return false;
    const sum = createHash('sha256');
    for (let at = 0; at < size; at += CHUNK_BYTES) {
      const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, size - at));
      if ((await file.read(chunk, position + RECORD_HEADER_BYTES + at)) < chunk.length) return false;
      sum.update(chunk);
      this.figures.scrubbedBytes += chunk.length;
      await throttle.spend(chunk.length);
    }
    return sum.digest().equals(hash);
  }

  /** What was damaged and is gone, or is elsewhere and whole, by now. */
  private async forgetGone(): Promise<void> {
    const { index, loop } = this.parts;
    const gone = `FROM damage WHERE NOT EXISTS
      (SELECT 1 FROM blob WHERE blob.hash = damage.hash AND blob.segment = damage.segment)`;
    if (!index.get(`SELECT 1 AS found ${gone} LIMIT 1`)) return;
    await loop.submit({
      ...{ contents: [], grows: false },
      run: (edit) => void edit.scope.index.run(`DELETE ${gone}`),
    });
    this.recount();
  }
}
