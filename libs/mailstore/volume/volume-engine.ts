import { dirname } from 'node:path';
import { MailStoreError, type MailStoreHealth, type MailStoreLimits, type MessageParserFactory } from '#mailstore/api';
import { type Clock, type Deferred, deferred, type Logger, type Timer } from '#stdx';
import { VolumeAnnotations } from './annotations.ts';
import { RemovalHold } from './backup/removal-hold.ts';
import { VolumeBackup } from './backup/volume-backup.ts';
import { Barrier } from './barrier.ts';
import { BlobReader } from './blob-reader.ts';
import { findBlob } from './blobs.ts';
import { ColdReader } from './cold/cold-reader.ts';
import { type ColdPlace, ColdTier } from './cold/cold-tier.ts';
import { CommitLoop } from './commit-loop.ts';
import { Counters } from './counters.ts';
import { Expiry } from './deleted/expiry.ts';
import { VolumeDeleted } from './deleted/volume-deleted.ts';
import type { VolumeFile, VolumeFiles } from './files.ts';
import type { IndexDb } from './index-db.ts';
import type { StorageLock } from './lock.ts';
import { Purge } from './purge.ts';
import { Reads } from './reads.ts';
import { nextSegmentNumber, removeOrphans } from './recovery.ts';
import { Room } from './room.ts';
import { VolumeScripts } from './scripts.ts';
import { Search } from './search.ts';
import { coldName, SegmentWriter } from './segments.ts';
import type { VolumeSettings } from './settings.ts';
import { VolumeSharing } from './sharing.ts';
import { Staging } from './staging.ts';
import { BlockCache } from './text/block-cache.ts';
import { TextIndexer } from './text/indexer.ts';
import { Transactor } from './transactor.ts';
import { AccountExport } from './transfer/account-export.ts';
import { VolumeTransfer } from './transfer/volume-transfer.ts';
import { Compaction } from './upkeep/compaction.ts';
import { Repair } from './upkeep/repair.ts';
import { Scrub } from './upkeep/scrub.ts';
import { Throttle } from './upkeep/throttle.ts';
import { Upkeep } from './upkeep/upkeep.ts';
import { Wal } from './wal.ts';
import { Watchers } from './watchers.ts';
import { Writes } from './writes.ts';

const TOMBSTONE_CHECK_MS = 3_600_000;

/** What opening a volume has gathered. */
export interface VolumeParts {
  readonly volumeId: string;
  readonly epoch: number;
  readonly segmentsDirectory: string;
  readonly lock: StorageLock;
  readonly index: IndexDb;
  /** index.db-wal, to sync it. */
  readonly walFile: VolumeFile;
  /** index.db, to sync it. */
  readonly indexFile: VolumeFile;
  readonly files: VolumeFiles;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly parse: MessageParserFactory;
  readonly limits: MailStoreLimits;
  readonly settings: VolumeSettings;
  /** Segments of the last owner that are still to be noted as closed. */
  readonly leftOpen: readonly number[];
  readonly cold: ColdPlace | undefined;
}

/** An open volume: its rooms, wired, and its end. */
export class VolumeEngine {
  readonly index: IndexDb;
  readonly reads: Reads;
  readonly writes: Writes;
  readonly search: Search;
  readonly staging: Staging;
  readonly blobs: BlobReader;
  readonly purge: Purge;
  readonly transfer: VolumeTransfer;
  readonly scripts: VolumeScripts;
  readonly annotations: VolumeAnnotations;
  readonly sharing: VolumeSharing;
  readonly watchers: Watchers;
  readonly deleted: VolumeDeleted;
  readonly upkeep: Upkeep;
  readonly backup: VolumeBackup;
  readonly cold: ColdTier;
  private readonly texts: TextIndexer;
  private readonly blocks: BlockCache;
  private readonly expiry: Expiry;
  private readonly scrub: Scrub;
  private readonly repair: Repair;
  private readonly removals = new RemovalHold();
  private readonly backupThrottle: Throttle;
  private readonly compaction: Compaction;
  private readonly segments: SegmentWriter;
  private readonly wal: Wal;
  private readonly loop: CommitLoop;
  private readonly transactor: Transactor;
  private readonly failure: Deferred<Error> = deferred<Error>();
  private readonly tombstoneTimer: Timer;
  private closing: Promise<void> | undefined;

  constructor(private readonly parts: VolumeParts) {
    const { index, walFile, indexFile, files, segmentsDirectory, epoch, volumeId, clock, logger, limits, settings } =
      parts;
    const barrier = new Barrier();
    this.index = index;
    this.watchers = new Watchers(logger);
    const number = nextSegmentNumber(index, epoch);
    this.segments = new SegmentWriter(
      ...[files, segmentsDirectory, epoch, number, settings.segmentBytesMax, parts.leftOpen],
    );
    const locate = (hash: Buffer) => findBlob(index, hash);
    const reader = new ColdReader({
      ...{ storage: () => this.cold.storage, nameOf: (id) => coldName(volumeId, id), settings, clock },
    });
    this.blobs = new BlobReader(files, segmentsDirectory, settings.openSegmentsMax, locate, reader);
    const room = new Room(
      ...[files, segmentsDirectory, settings.reserveBytes, clock],
      // What was deleted may give way.
      () => void this.upkeep.wake(),
    );
    this.staging = new Staging(parts.parse, this.segments, room, { limits, settings }, (id) => this.isHeld(id), logger);
    this.transactor = new Transactor(
      ...[index, this.segments, new Counters(index), { limits, epoch, settings }, clock, logger],
    );
    this.wal = new Wal(index, walFile, indexFile, settings, clock, logger);
    this.loop = new CommitLoop(
      {
        ...{
          room,
          segments: this.segments,
          staging: this.staging,
          transactor: this.transactor,
          wal: this.wal,
          barrier,
        },
        publish: () => this.publish(),
      },
      settings,
      clock,
      logger,
      (error) => this.fail(error),
    );
    this.reads = new Reads(index, barrier, limits, () => this.assertOpen());
    this.writes = new Writes(this.loop, this.reads, this.staging, limits, settings, volumeId);
    this.texts = new TextIndexer({ index, loop: this.loop, room, blobs: this.blobs, settings, clock, logger });
    this.blocks = new BlockCache(settings.searchCacheBytes, clock);
    this.search = new Search(index, this.reads, this.blobs, this.texts, this.blocks);
    this.purge = new Purge(index, this.loop, settings, logger);
    this.transfer = new VolumeTransfer({
      ...{ loop: this.loop, staging: this.staging, settings, index, reads: this.reads, writes: this.writes },
      ...{ exports: new AccountExport(index, this.reads, this.blobs), wakePurge: () => this.purge.wake() },
    });
    const throttle = new Throttle(clock, settings.upkeepBytesPerSecond);
    this.compaction = new Compaction({
      ...{ index, loop: this.loop, segments: this.segments, room, files, settings, throttle, logger },
      directory: segmentsDirectory,
    });
    this.sharing = new VolumeSharing({ index, loop: this.loop, reads: this.reads });
    const shared = { index, loop: this.loop, reads: this.reads, sharing: this.sharing, limits };
    this.annotations = new VolumeAnnotations(shared);
    const assertOpen = (): void => this.assertOpen();
    this.scripts = new VolumeScripts({ index, loop: this.loop, reads: this.reads, limits, clock, assertOpen });
    const deleted = { index, reads: this.reads, loop: this.loop, settings };
    this.deleted = new VolumeDeleted(deleted);
    const keepMs = limits.deletedKeepMs;
    this.expiry = new Expiry({ ...deleted, files, directory: segmentsDirectory, keepMs, clock });
    const where = { files, directory: segmentsDirectory, clock };
    this.scrub = new Scrub({ ...where, index, loop: this.loop, settings, throttle, logger });
    this.repair = new Repair({ index, loop: this.loop, segments: this.segments, settings }, () => this.scrub.recount());
    this.cold = new ColdTier({
      ...{ volumeId, place: parts.cold, index, loop: this.loop, segments: this.segments, ...where, reader, settings },
      ...{ hold: this.removals, throttle, logger, onScrubbed: () => this.scrub.recount() },
      wake: () => this.upkeep.wake(),
    });
    const jobs = { expiry: this.expiry, compaction: this.compaction, cold: this.cold.job, scrub: this.scrub };
    this.upkeep = new Upkeep(jobs, throttle, settings.upkeepIntervalMs, clock, logger);
    this.backupThrottle = new Throttle(clock, settings.backupBytesPerSecond);
    this.backup = new VolumeBackup({
      ...{ index, files, segmentsDirectory, hold: this.removals, throttle: this.backupThrottle },
      cold: () => this.cold.storage,
      ...{
        volumePath: dirname(segmentsDirectory),
        volumeId,
        epoch,
        clock,
        logger,
        limits,
        loop: this.loop,
        assertGoing: () => this.assertOpen(),
      },
      ...{
        reads: this.reads,
        writes: this.writes,
        staging: this.staging,
        transfer: this.transfer,
        repair: this.repair,
      },
    });
    this.tombstoneTimer = clock.every(TOMBSTONE_CHECK_MS, () => this.forgetTombstones());
  }

  get limits(): MailStoreLimits {
    return this.parts.limits;
  }

  get failed(): Promise<Error> {
    return this.failure.promise;
  }

  /** Work left over from the last owner, in the background. */
  resume(): void {
    const { index, files, segmentsDirectory, logger } = this.parts;
    this.purge.wake();
    this.texts.wake();
    this.forgetTombstones();
    const isOurs = (id: number): boolean =>
      [this.segments.activeId, this.compaction.writing, this.repair.writing].includes(id) ||
      this.staging.pinned.has(id);
    removeOrphans(index, files, segmentsDirectory, isOurs, logger).catch((error: unknown) => {
      if (!this.closing) logger.warn({ error }, 'search for orphaned segments failed');
    });
  }

  assertOpen(): void {
    if (this.closing) throw new MailStoreError('unavailable', 'volume closed');
  }

  health(): MailStoreHealth {
    const { commits, lastCommitMs, lastSyncMs } = this.loop.figures;
    return {
      writable: this.closing === undefined,
      messagesStored: this.transactor.messages,
      pendingOperations: this.loop.pendingOperations,
      ...{ commits, lastCommitMs, lastSyncMs },
      textIndex: { ...this.texts.figures },
      upkeep: { ...this.compaction.figures, ...this.expiry.figures, ...this.scrub.figures, ...this.cold.figures },
    };
  }

  close(): Promise<void> {
    this.closing ??= this.shutDown();
    return this.closing;
  }

  private fail(error: Error): void {
    this.failure.resolve(error);
    this.close().catch((cause: unknown) => this.parts.logger.error({ error: cause }, 'closing a failed volume failed'));
  }

  private publish(): void {
    const publication = this.transactor.takePublication();
    if (!publication) return;
    this.texts.wake();
    this.watchers.publish(publication.changes, publication.queueDueAt);
    for (const id of publication.emptySegments) this.removeSegment(id);
  }

  /** Whether a large message's file stays when its staging ends. */
  private isHeld(id: number): boolean {
    const held = this.index.get('SELECT 1 AS found FROM segment WHERE id = ?', id) !== undefined;
    if (!held) void this.blobs.forget(id);
    return held;
  }

  private removeSegment(id: number): void {
    // A large message staged once may be stored again: its file goes when it is let go of.
    if (this.staging.pinned.has(id)) return;
    this.removals.whenFree(() => this.dropSegment(id));
  }

  private dropSegment(id: number): void {
    this.blobs
      .forget(id)
      .then(() => this.segments.remove(id))
      .catch((error: unknown) => this.parts.logger.warn({ error, id }, 'an empty segment could not be removed'));
  }

  private forgetTombstones(): void {
    const { clock, settings, logger } = this.parts;
    this.purge.forgetTombstones(clock.now() - settings.tombstoneKeepMs).catch((error: unknown) => {
      if (!this.closing) logger.warn({ error }, 'old tombstones could not be removed');
    });
  }

  private async shutDown(): Promise<void> {
    this.tombstoneTimer.cancel();
    this.purge.stop();
    this.blocks.close();
    await Promise.all([this.upkeep.stop(), this.texts.stop()]);
    this.backupThrottle.end();
    await this.backup.idle();
    await this.loop.drain(new Error('closed by its owner'));
    await Promise.allSettled([this.segments.close(), this.blobs.close(), this.wal.close()]);
    this.index.close();
    // Its descriptor after SQLite's, and the storage lock last: who takes it finds the index free.
    await this.parts.indexFile.close();
    this.parts.lock.release();
  }
}
