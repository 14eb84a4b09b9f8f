import { hash } from 'node:crypto';
import { join } from 'node:path';
import type { TierRule } from '#mailstore/api';
import type { Clock, Turns } from '#stdx';
import { type BlobRow, findBlob } from '../blobs.ts';
import type { CommitLoop } from '../commit-loop.ts';
import type { VolumeFile, VolumeFiles } from '../files.ts';
import type { IndexDb } from '../index-db.ts';
import { RECORD_HEADER_BYTES } from '../record.ts';
import { segmentFile } from '../segments.ts';
import type { VolumeSettings } from '../settings.ts';
import { walkRecords } from '../upkeep/record-walk.ts';
import type { Throttle } from '../upkeep/throttle.ts';
import { encodeColdRecord } from './cold-record.ts';
import { ColdTarget, type ColdTargetParts } from './cold-target.ts';
import { datedFrom, dueAt, rulesDigest } from './due.ts';

/** How long it works before the other jobs have their turn. */
const TURN_MS = 60_000;

interface DueSegment {
  readonly id: number;
  readonly bytes: number;
}

export interface TieringParts {
  readonly index: IndexDb;
  readonly loop: CommitLoop;
  readonly files: VolumeFiles;
  readonly directory: string;
  readonly settings: VolumeSettings;
  readonly throttle: Throttle;
  readonly clock: Clock;
  readonly target: ColdTargetParts;
  /** Segments are made one at a time on a node, however many volumes it has: each is made in memory. */
  readonly turns: Turns;
}

/**
 * Moves mail that is old enough, by the rules, from hot segments to cold ones. A segment is looked at once it is closed, and again when
 * the next of its messages is due; all of a volume on the same boundary of `tierIntervalMs`, so that what trickles in shares an object.
 */
export class Tiering {
  readonly figures = { tieredMessages: 0, tieredBytes: 0, tieredStoredBytes: 0 };
  private target: ColdTarget | undefined;
  /** Segments walked since the target began: they are looked at again if it comes to nothing. */
  private walked: { readonly id: number; readonly nextAt: number }[] = [];

  constructor(
    private readonly parts: TieringParts,
    private rules: readonly TierRule[],
  ) {}

  get current(): readonly TierRule[] {
    return this.rules;
  }

  /** The segment being made: not garbage. */
  get writing(): number | undefined {
    return this.target?.id;
  }

  setRules(rules: readonly TierRule[]): void {
    this.rules = rules;
  }

  /** What is still to be looked at. */
  due(): { readonly dueSegments: number; readonly dueBytes: number } {
    if (this.rules.length === 0) return { dueSegments: 0, dueBytes: 0 };
    const sql = `SELECT count(*) AS dueSegments, coalesce(sum(bytes), 0) AS dueBytes FROM segment
      WHERE cold = 0 AND open = 0 AND due_at <= ?`;
    const found = this.parts.index.get<{ dueSegments: number; dueBytes: number }>(sql, this.now());
    return found ?? { dueSegments: 0, dueBytes: 0 };
  }

  /** `whole`: to the end of what is due, however long that takes. */
  async run(isStopped: () => boolean, whole: boolean): Promise<void> {
    if (this.rules.length === 0) return;
    const { turns } = this.parts;
    await this.lookAnewAfterChange();
    // Another volume's turn: next time, rather than keeping this one's other work waiting.
    if (!whole && !turns.isFree) return;
    if (this.next()) await turns.take(() => this.work(isStopped, whole));
  }

  private async work(isStopped: () => boolean, whole: boolean): Promise<void> {
    const { clock } = this.parts;
    const until = whole ? Infinity : clock.monotonic() + TURN_MS;
    try {
      for (let next = this.next(); next && !isStopped() && clock.monotonic() < until; next = this.next())
        await this.walk(next, isStopped);
      if (!isStopped()) await this.finish();
    } finally {
      // Broken off, what was read is read again.
      this.target = undefined;
      this.walked = [];
    }
  }

  private next(): DueSegment | undefined {
    const skip = new Set(this.walked.map(({ id }) => id));
    const sql = 'SELECT id, bytes FROM segment WHERE cold = 0 AND open = 0 AND due_at <= ? ORDER BY id LIMIT ?';
    return this.parts.index.all<DueSegment>(sql, this.now(), skip.size + 1).find(({ id }) => !skip.has(id));
  }

  private async walk({ id, bytes }: DueSegment, isStopped: () => boolean): Promise<void> {
    const { files, directory, index, throttle } = this.parts;
    const rules = this.rules;
    const now = this.now();
    const unknown = datedFrom(index);
    let nextAt = Infinity;
    let file: VolumeFile;
    try {
      file = await files.open(join(directory, segmentFile(id)), 'read');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      // It went meanwhile, or is damage for the scrub.
      this.walked.push({ id, nextAt });
      return;
    }
    try {
      for await (const { position, hash: blobHash } of walkRecords(file, bytes)) {
        if (isStopped()) return;
        const row = findBlob(index, blobHash);
        const isLive = row?.segment === id && row.position === position;
        const at = isLive ? dueAt(rules, row.at > 0 ? row.at : unknown, row.size) : Infinity;
        if (isLive && at <= now) await this.move(file, blobHash, row);
        else nextAt = Math.min(nextAt, at);
        await throttle.spend(RECORD_HEADER_BYTES + (isLive && at <= now ? 2 * row.size : 0));
      }
    } finally {
      await file.close();
    }
    this.walked.push({ id, nextAt });
    const { target, parts } = this;
    if (!target) await this.bookWalked();
    else if (target.end >= parts.settings.coldSegmentBytes) await this.finish();
  }

  /** A record that is damaged stays where it is, for the scrub to find. */
  private async move(file: VolumeFile, blobHash: Buffer, row: BlobRow): Promise<void> {
    const { settings, target } = this.parts;
    const bytes = Buffer.allocUnsafe(row.size);
    const done = await file.read(bytes, row.position + RECORD_HEADER_BYTES);
    if (done < row.size || !hash('sha256', bytes, 'buffer').equals(blobHash)) return;
    const record = await encodeColdRecord(blobHash, bytes, settings.coldCompressionLevel);
    if (this.target && this.target.end > 0 && this.target.end + record.length > settings.coldSegmentBytes)
      await this.finish();
    this.target ??= await ColdTarget.begin(target);
    this.target.add(blobHash, row, record);
  }

  /** Makes the segment under way be, and notes when the hot ones it came from are to be looked at again. */
  private async finish(): Promise<void> {
    const { target, figures } = this;
    if (target) {
      await target.finish();
      figures.tieredMessages += target.messages;
      figures.tieredBytes += target.bytes;
      figures.tieredStoredBytes += target.end;
      this.target = undefined;
    }
    await this.bookWalked();
  }

  private async bookWalked(): Promise<void> {
    const { tierIntervalMs } = this.parts.settings;
    const walked = this.walked.splice(0);
    if (walked.length === 0) return;
    const boundary = (at: number): number => Math.ceil(at / tierIntervalMs) * tierIntervalMs;
    await this.parts.loop.submit({
      ...{ contents: [], grows: false },
      run: ({ scope: { index } }) => {
        for (const { id, nextAt } of walked) {
          const at = nextAt === Infinity ? Number.MAX_SAFE_INTEGER : boundary(Math.max(nextAt, this.now() + 1));
          index.run('UPDATE segment SET due_at = ? WHERE id = ?', at, id);
        }
      },
    });
  }

  /** Other rules than the last time: every segment is looked at anew. */
  private async lookAnewAfterChange(): Promise<void> {
    const { index, loop } = this.parts;
    const digest = rulesDigest(this.rules);
    const sql = "SELECT value FROM counter WHERE name = 'tier_rules'";
    if (index.get<{ value: number }>(sql)?.value === digest) return;
    await loop.submit({
      ...{ contents: [], grows: false },
      run: (edit) => {
        edit.scope.index.run('UPDATE segment SET due_at = 0 WHERE cold = 0');
        edit.scope.index.run("INSERT OR REPLACE INTO counter (name, value) VALUES ('tier_rules', ?)", digest);
      },
    });
  }

  private now(): number {
    return Math.floor(this.parts.clock.now());
  }
}
