import { type ColdStorage, ColdStorageError } from '#mailstore/api';
import type { Clock, Logger } from '#stdx';
import { findBlob } from '../blobs.ts';
import type { CommitLoop } from '../commit-loop.ts';
import type { IndexDb } from '../index-db.ts';
import { coldFile, coldName } from '../segments.ts';
import type { VolumeSettings } from '../settings.ts';
import { blobsFrom, bookDamage, type PlacedBlob } from '../upkeep/damage.ts';
import type { Throttle } from '../upkeep/throttle.ts';
import { isWholeRecord, walkColdRecords } from './cold-object.ts';
import { ColdTarget, type ColdTargetParts } from './cold-target.ts';

/** How long it works before the other jobs have their turn. */
const TURN_MS = 60_000;

interface Candidate {
  readonly id: number;
  readonly bytes: number;
}

export interface ColdUpkeepParts {
  readonly volumeId: string;
  readonly index: IndexDb;
  readonly loop: CommitLoop;
  readonly storage: ColdStorage;
  readonly settings: VolumeSettings;
  readonly throttle: Throttle;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly target: ColdTargetParts;
  readonly onScrubbed: () => void;
}

/** What compaction and scrub do for hot segments, for cold ones: an object is read as a whole. */
export class ColdUpkeep {
  readonly figures = { compactedColdSegments: 0 };
  /** Segments with a damaged record, which has to stay where it is. */
  private readonly damaged = new Set<number>();
  private target: ColdTarget | undefined;

  constructor(private readonly parts: ColdUpkeepParts) {}

  get writing(): number | undefined {
    return this.target?.id;
  }

  /** Copies what is held out of segments that are mostly dead; `cleanup.ts` removes them then. */
  async compact(isStopped: () => boolean): Promise<void> {
    const { index, settings } = this.parts;
    const sql = `SELECT id, bytes FROM segment WHERE cold = 1 AND open = 0 AND live > 0 AND bytes - live > bytes * ?
      ORDER BY bytes - live DESC LIMIT ?`;
    const emptied: number[] = [];
    const next = (): Candidate | undefined =>
      index
        .all<Candidate>(sql, settings.compactDeadShare, this.damaged.size + emptied.length + 1)
        .find(({ id }) => !this.damaged.has(id) && !emptied.includes(id));
    try {
      for (let found = next(); found && !isStopped(); found = next()) {
        await this.empty(found, isStopped);
        emptied.push(found.id);
      }
      if (!isStopped()) await this.finish(emptied);
    } finally {
      this.target = undefined;
    }
  }

  /** Reads cold segments again, by and by, and compares every message with its blob id. */
  async scrub(isStopped: () => boolean): Promise<void> {
    const { index, clock, settings } = this.parts;
    const until = clock.monotonic() + TURN_MS;
    const sql = `SELECT id, bytes FROM segment WHERE cold = 1 AND open = 0 AND live > 0 AND scrubbed_at < ?
      ORDER BY scrubbed_at, id LIMIT 1`;
    const next = (): Candidate | undefined =>
      index.get<Candidate>(sql, Math.floor(clock.now()) - settings.coldScrubIntervalMs);
    for (let found = next(); found && clock.monotonic() < until; found = next()) {
      await this.scrubOne(found, isStopped);
      if (isStopped()) return;
    }
  }

  private async empty({ id, bytes }: Candidate, isStopped: () => boolean): Promise<void> {
    const { settings, target } = this.parts;
    const object = await this.fetch(id, bytes);
    for (const { position, hash, record, ...head } of walkColdRecords(object ?? Buffer.alloc(0))) {
      if (isStopped()) return;
      const place = findBlob(this.parts.index, hash);
      if (place?.segment !== id || place.position !== position) continue;
      if (!(await isWholeRecord({ ...head, hash }, record))) continue;
      if (this.target && this.target.end + record.length > settings.coldSegmentBytes) await this.finish([]);
      this.target ??= await ColdTarget.begin(target);
      this.target.add(hash, place, record);
    }
  }

  private async finish(emptied: readonly number[]): Promise<void> {
    await this.target?.finish();
    this.target = undefined;
    for (const id of emptied) {
      const row = this.parts.index.get<{ live: number }>('SELECT live FROM segment WHERE id = ?', id);
      if (row && row.live > 0) this.damaged.add(id);
      else this.figures.compactedColdSegments += 1;
    }
  }

  private async scrubOne({ id, bytes }: Candidate, isStopped: () => boolean): Promise<void> {
    const { clock, onScrubbed } = this.parts;
    const damaged = await this.damagedOf(id, bytes, isStopped);
    if (isStopped()) return;
    await bookDamage(this.parts, { id, name: coldFile(id), now: Math.floor(clock.now()) }, damaged);
    onScrubbed();
  }

  private async damagedOf(id: number, bytes: number, isStopped: () => boolean): Promise<readonly PlacedBlob[]> {
    const { index } = this.parts;
    const object = await this.fetch(id, bytes);
    if (!object) return blobsFrom(index, id, 0);
    const damaged: PlacedBlob[] = [];
    const walk = walkColdRecords(object);
    let step = walk.next();
    for (; !step.done && !isStopped(); step = walk.next()) {
      const { hash, position, record } = step.value;
      const place = findBlob(index, hash);
      if (place?.segment !== id || place.position !== position) continue;
      const isWhole = place.stored === record.length && (await isWholeRecord(step.value, record));
      if (!isWhole) damaged.push({ hash, ...place });
    }
    // Where the records go on is not known any more.
    if (step.done && step.value < object.length) damaged.push(...(await blobsFrom(index, id, step.value)));
    return damaged;
  }

  /** Undefined when it is not there, or too short to be it. */
  private async fetch(id: number, bytes: number): Promise<Buffer | undefined> {
    const { storage, volumeId, throttle } = this.parts;
    try {
      const object = await storage.read(coldName(volumeId, id), 0, bytes);
      await throttle.spend(bytes);
      return object;
    } catch (error) {
      if (error instanceof ColdStorageError && (error.code === 'notFound' || error.code === 'damaged'))
        return undefined;
      throw error;
    }
  }
}
