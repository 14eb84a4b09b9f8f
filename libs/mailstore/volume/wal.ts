import type { Clock, Logger } from '#stdx';
import { failureKind } from './errors.ts';
import type { VolumeFile } from './files.ts';
import type { IndexDb } from './index-db.ts';
import { syncOrThrow } from './segments.ts';
import type { VolumeSettings } from './settings.ts';

interface CheckpointRow {
  readonly busy: number;
  readonly log: number;
  readonly checkpointed: number;
}

/**
 * The index's write-ahead log. SQLite syncs nothing while a volume is open: a sync may take as long as the storage likes, and
 * the event loop, by which the node shows that it lives, must not wait for it. So all syncs are made here, off the event loop,
 * in the order SQLite would keep (https://sqlite.org/wal.html, "checkpointing"): a commit is synced before it is answered, and a
 * write-back is log synced, pages written, index.db synced, log begun anew, that beginning synced. No transaction begins in between.
 */
export class Wal {
  constructor(
    private readonly index: IndexDb,
    private readonly file: VolumeFile,
    /** index.db itself, to sync it; closed by who opened it, once SQLite has closed its own. */
    private readonly indexFile: Pick<VolumeFile, 'sync'>,
    private readonly settings: VolumeSettings,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  /** Resolves when every transaction committed before the call is on storage. Rejects `SyncError`. */
  sync(): Promise<void> {
    return syncOrThrow(this.file);
  }

  /** Grown so much that it should be written back now. `quiet`: nobody is waiting. */
  isLong(quiet: boolean): boolean {
    const { walFramesMax, walFramesQuiet } = this.settings;
    return this.pendingFrames() >= (quiet ? Math.min(walFramesQuiet, walFramesMax) : walFramesMax);
  }

  /** Grown so much that a volume at rest should write it back. */
  isWorthWritingBack(): boolean {
    return this.pendingFrames() >= this.settings.walFramesIdle;
  }

  /**
   * Writes everything back, so that the log can be used from its beginning: room, when the disk has none. Its pages are
   * written on this thread, so its length is what bounds the pause. Rejects `SyncError`.
   */
  async writeBack(): Promise<void> {
    await this.sync();
    const begun = this.clock.monotonic();
    try {
      this.pragma('PASSIVE');
      const ms = this.clock.monotonic() - begun;
      if (ms > 50) this.logger.warn({ ms }, 'slow write-back of the log');
      await syncOrThrow(this.indexFile);
      this.beginAnew();
      await this.sync();
    } catch (error) {
      // No room for index.db to grow: the log keeps what it has, and a later try may find room.
      if (failureKind(error) !== 'diskFull') throw error;
      this.logger.warn({ error }, 'no room to write the log back');
    }
  }

  /** Before SQLite closes the index: with everything written back it has nothing left to sync. */
  async close(): Promise<void> {
    try {
      await this.writeBack();
    } catch {
      // What ended the volume ends this, too; SQLite syncs what it can.
    }
    if (this.pendingFrames() > 1) this.index.exec('PRAGMA synchronous = NORMAL');
    await this.file.close();
  }

  /** Frames not yet written back to index.db. */
  private pendingFrames(): number {
    const { log, checkpointed } = this.pragma('NOOP');
    return log - checkpointed;
  }

  /**
   * The log's first frame after a write-back overwrites the old log from its start, under a new header. A power cut may keep
   * one of them without the other, or neither: with this one frame alone, of a page as it is already, the next owner then finds
   * the whole old log, or nothing in it; both are the index as it is. More frames at once might leave an old transaction
   * standing before new ones (https://sqlite.org/src/info/ff5be73dee).
   */
  private beginAnew(): void {
    const { version = 0 } =
      this.index.get<{ version: number }>('SELECT user_version AS version FROM pragma_user_version') ?? {};
    this.index.exec(`PRAGMA user_version = ${version}`);
  }

  private pragma(mode: 'NOOP' | 'PASSIVE'): CheckpointRow {
    const row = this.index.get<CheckpointRow>(`PRAGMA wal_checkpoint(${mode})`);
    return row ?? { busy: 0, log: 0, checkpointed: 0 };
  }
}
