import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock, Logger } from '#stdx';
import { type BlobPlace, blobIdOf, findBlob } from '../blobs.ts';
import type { CommitLoop } from '../commit-loop.ts';
import type { VolumeFile, VolumeFiles } from '../files.ts';
import type { IndexDb } from '../index-db.ts';
import { decodeRecordHeader, RECORD_HEADER_BYTES } from '../record.ts';
import { segmentFile } from '../segments.ts';
import type { VolumeSettings } from '../settings.ts';
import type { UpkeepJob } from './job.ts';
import { walkRecords } from './record-walk.ts';
import type { Throttle } from './throttle.ts';

/** How long it works before the other jobs have their turn. */
const TURN_MS = 60_000;
const CHUNK_BYTES = 256 * 1024;
/** Rows of blobs looked at before others have their turn. */
const BLOBS_A_TURN = 5_000;

interface DueSegment {
  readonly id: number;
  readonly bytes: number;
}

interface BlobRow extends BlobPlace {
  readonly hash: Uint8Array;
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
      'SELECT id, bytes FROM segment WHERE open = 0 AND scrubbed_at < ? ORDER BY scrubbed_at, id LIMIT 1',
      Math.floor(clock.now()) - settings.scrubIntervalMs,
    );
  }

  private async scrub({ id, bytes }: DueSegment, isStopped: () => boolean): Promise<void> {
    const { files, directory, loop, clock, logger } = this.parts;
    const damaged = await this.damagedOf(id, bytes, isStopped, () =>
      files.open(join(directory, segmentFile(id)), 'read'),
    );
    if (isStopped()) return;
    const now = Math.floor(clock.now());
    await loop.submit({
      ...{ contents: [], grows: false },
      run: ({ scope: { index } }) => {
        index.run('UPDATE segment SET scrubbed_at = ? WHERE id = ?', now, id);
        index.run('DELETE FROM damage WHERE segment = ?', id);
        const sql = 'INSERT OR REPLACE INTO damage (hash, segment, position, found_at) VALUES (?, ?, ?, ?)';
        for (const { hash, position } of damaged) index.run(sql, hash, id, position, now);
      },
    });
    this.recount();
    if (damaged.length === 0) return;
    const blobs = damaged.slice(0, 20).map(({ hash }) => blobIdOf(hash));
    logger.error({ segment: segmentFile(id), damaged: damaged.length, blobs }, 'stored messages are damaged');
  }

  private async damagedOf(
    id: number,
    end: number,
    isStopped: () => boolean,
    open: () => Promise<VolumeFile>,
  ): Promise<readonly BlobRow[]> {
    let file: VolumeFile;
    try {
      file = await open();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      return this.blobsFrom(id, 0);
    }
    try {
      const damaged: BlobRow[] = [];
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
      for (const row of await this.blobsFrom(id, step.value)) if (!(await this.isWhole(file, row))) damaged.push(row);
      return damaged;
    } finally {
      await file.close();
    }
  }

  private async isWhole(file: VolumeFile, { hash, position, size }: BlobRow): Promise<boolean> {
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

  /** Blobs of a segment at or after a position. Looks at every blob of the volume: for when a file is broken. */
  private async blobsFrom(id: number, position: number): Promise<readonly BlobRow[]> {
    const sql = `SELECT hash, segment, position, size FROM blob WHERE hash > ? ORDER BY hash LIMIT ${BLOBS_A_TURN}`;
    const found: BlobRow[] = [];
    for (let after: Uint8Array = Buffer.alloc(0); ; ) {
      const rows = this.parts.index.all<BlobRow>(sql, after);
      found.push(...rows.filter((row) => row.segment === id && row.position >= position));
      if (rows.length < BLOBS_A_TURN) return found;
      after = rows.at(-1)?.hash ?? after;
      await nextTurn();
    }
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
