import type { Clock, Logger, Timer } from '#stdx';
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
 * The index's write-ahead log: synced by us after each commit, off the event loop, and written back to index.db by SQLite
 * when it has grown or the volume is idle. SQLite in synchronous=NORMAL keeps the order of a write-back itself: log synced,
 * pages written, index.db synced, and only then the log begun anew, its header synced first. That runs on this thread, so
 * its size is what bounds the pause.
 */
export class Wal {
  private idle: Timer | undefined;

  constructor(
    private readonly index: IndexDb,
    private readonly file: VolumeFile,
    private readonly settings: VolumeSettings,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  /** Resolves when every transaction committed before the call is on storage. Rejects `SyncError`. */
  sync(): Promise<void> {
    return syncOrThrow(this.file);
  }

  /** Frames not yet written back to index.db. */
  pendingFrames(): number {
    const { log, checkpointed } = this.pragma('NOOP');
    return log - checkpointed;
  }

  /** After a commit, with its callers answered: writes back when the log is long, else once the volume has rested. `quiet`: nobody is waiting. */
  afterCommit(quiet: boolean): void {
    this.idle?.cancel();
    this.idle = undefined;
    const { walFramesMax, walFramesQuiet } = this.settings;
    if (this.pendingFrames() >= (quiet ? Math.min(walFramesQuiet, walFramesMax) : walFramesMax)) this.writeBack();
    else this.idle = this.clock.after(this.settings.walIdleMs, () => this.rested());
  }

  /** Writes everything back, so that the log can be used from its beginning: room, when the disk has none. */
  writeBack(): void {
    const begun = this.clock.monotonic();
    try {
      this.pragma('PASSIVE');
    } catch (error) {
      // No room for index.db to grow: the log keeps what it has, and a later try may find room.
      if (failureKind(error) !== 'diskFull') throw error;
      this.logger.warn({ error }, 'no room to write the log back');
    }
    const ms = this.clock.monotonic() - begun;
    if (ms > 50) this.logger.warn({ ms }, 'slow write-back of the log');
  }

  async close(): Promise<void> {
    this.idle?.cancel();
    await this.file.close();
  }

  private rested(): void {
    try {
      if (this.pendingFrames() >= this.settings.walFramesIdle) this.writeBack();
    } catch (error) {
      this.logger.error({ error }, 'write-back of the log failed');
    }
  }

  private pragma(mode: 'NOOP' | 'PASSIVE'): CheckpointRow {
    const row = this.index.get<CheckpointRow>(`PRAGMA wal_checkpoint(${mode})`);
    return row ?? { busy: 0, log: 0, checkpointed: 0 };
  }
}
