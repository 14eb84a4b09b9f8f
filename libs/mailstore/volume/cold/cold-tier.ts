import { type ColdStorage, MailStoreError, type StoreTiering, type TierRule, type TierStatus } from '#mailstore/api';
import { type Clock, type Logger, Turns } from '#stdx';
import type { RemovalHold } from '../backup/removal-hold.ts';
import type { CommitLoop } from '../commit-loop.ts';
import type { VolumeFiles } from '../files.ts';
import type { IndexDb } from '../index-db.ts';
import type { SegmentWriter } from '../segments.ts';
import type { VolumeSettings } from '../settings.ts';
import type { UpkeepJob } from '../upkeep/job.ts';
import type { Throttle } from '../upkeep/throttle.ts';
import { ColdCleanup } from './cleanup.ts';
import type { ColdReader } from './cold-reader.ts';
import { ColdUpkeep } from './cold-upkeep.ts';
import { TierCount } from './tier-count.ts';
import { Tiering } from './tiering.ts';

/** A volume's cold storage, and what goes there. */
export interface ColdPlace {
  readonly storage: ColdStorage;
  readonly rules: readonly TierRule[];
  /** Shared by the volumes of a process, so that it makes one cold segment at a time. */
  readonly turns?: Turns;
}

export interface ColdTierParts {
  readonly volumeId: string;
  readonly place: ColdPlace | undefined;
  readonly index: IndexDb;
  readonly loop: CommitLoop;
  readonly segments: SegmentWriter;
  readonly files: VolumeFiles;
  readonly directory: string;
  readonly reader: ColdReader;
  readonly hold: RemovalHold;
  readonly settings: VolumeSettings;
  readonly throttle: Throttle;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The list of damage has changed. */
  readonly onScrubbed: () => void;
  /** Has upkeep look for work. */
  readonly wake: () => Promise<void>;
}

interface Works {
  readonly tiering: Tiering;
  readonly upkeep: ColdUpkeep;
  readonly cleanup: ColdCleanup;
}

const IDLE = {
  tieredMessages: 0,
  tieredBytes: 0,
  tieredStoredBytes: 0,
  compactedColdSegments: 0,
  removedColdSegments: 0,
};

/** All that a volume does about cold storage in the background, one thing after the other. */
export class ColdTier implements StoreTiering {
  readonly job: UpkeepJob = { run: (isStopped) => this.runJob(isStopped) };
  private works: Works | undefined;
  private place: ColdPlace | undefined;
  private readonly counts: TierCount;
  private running = false;
  /** Somebody asked for all that is due. */
  private asked = false;
  private trouble: string | null = null;
  /** As of the last run. */
  private coldBytes: number;

  constructor(private readonly parts: ColdTierParts) {
    this.counts = new TierCount(parts);
    this.coldBytes = this.bytesOf(1).bytes;
    this.place = parts.place;
    if (parts.place) this.works = worksOf(parts, parts.place);
  }

  /** What cold mail is read from. */
  get storage(): ColdStorage | undefined {
    return this.place?.storage;
  }

  get figures() {
    const { works, parts } = this;
    const found = works ? { ...works.tiering.figures, ...works.upkeep.figures, ...works.cleanup.figures } : IDLE;
    return { ...found, ...parts.reader.figures, coldBytes: this.coldBytes };
  }

  async run(): Promise<void> {
    if (!this.works) throw new MailStoreError('unavailable', 'the volume has no cold storage here');
    this.asked = true;
    await this.parts.wake();
    // Upkeep was past its turn.
    if (this.asked) await this.parts.wake();
    if (this.trouble !== null) throw new MailStoreError('bytesUnavailable', this.trouble);
  }

  private async runJob(isStopped: () => boolean): Promise<void> {
    const { works } = this;
    const whole = this.asked;
    this.asked = false;
    this.running = true;
    try {
      if (works) await this.work(works, isStopped, whole);
      await this.counts.run(isStopped);
      this.trouble = null;
    } catch (error) {
      const isEnd = error instanceof MailStoreError && error.code === 'unavailable';
      if (!isEnd) this.trouble = error instanceof Error ? error.message : String(error);
      throw error;
    } finally {
      this.running = false;
      this.coldBytes = this.bytesOf(1).bytes;
    }
  }

  status(): TierStatus {
    const { works, place, running, trouble } = this;
    const { tieredMessages = 0, tieredBytes = 0, tieredStoredBytes = 0 } = works?.tiering.figures ?? {};
    return {
      ...{ storage: place?.storage.description ?? null, rules: works?.tiering.current ?? [], running, trouble },
      ...{ hotBytes: this.bytesOf(0).bytes, coldBytes: this.bytesOf(1).bytes, coldSegments: this.bytesOf(1).segments },
      ...(works?.tiering.due() ?? { dueSegments: 0, dueBytes: 0 }),
      ...{ movedMessages: tieredMessages, movedBytes: tieredBytes, movedStoredBytes: tieredStoredBytes },
    };
  }

  use(storage: ColdStorage, rules: readonly TierRule[]): void {
    const { place, parts } = this;
    if (place?.storage.description === storage.description) {
      this.works?.tiering.setRules(rules);
      return;
    }
    if (this.bytesOf(1).segments > 0)
      throw new MailStoreError(
        'modified',
        `cold mail of the volume is on ${place?.storage.description ?? 'other storage'}`,
      );
    this.place = { ...place, storage, rules };
    this.works = worksOf(parts, this.place);
  }

  private async work({ tiering, upkeep, cleanup }: Works, isStopped: () => boolean, whole: boolean): Promise<void> {
    const isOurs = (id: number): boolean => id === tiering.writing || id === upkeep.writing;
    await cleanup.run(isStopped, isOurs);
    await upkeep.compact(isStopped);
    await tiering.run(isStopped, whole);
    await cleanup.run(isStopped, isOurs);
    await upkeep.scrub(isStopped);
  }

  private bytesOf(cold: 0 | 1): { readonly bytes: number; readonly segments: number } {
    const sql =
      'SELECT coalesce(sum(bytes), 0) AS bytes, count(*) AS segments FROM segment WHERE cold = ? AND bytes > 0';
    return this.parts.index.get(sql, cold) ?? { bytes: 0, segments: 0 };
  }
}

function worksOf(parts: ColdTierParts, { storage, rules, turns = new Turns(1) }: ColdPlace): Works {
  const { volumeId, loop, segments, settings, clock } = parts;
  const now = (): number => clock.now();
  const target = { volumeId, storage, loop, segments, settings, now };
  return {
    tiering: new Tiering({ ...parts, target, turns }, rules),
    upkeep: new ColdUpkeep({ ...parts, storage, target }),
    cleanup: new ColdCleanup({ ...parts, storage, now }),
  };
}
