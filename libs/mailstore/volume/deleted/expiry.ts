import type { Clock } from '#stdx';
import type { CommitLoop } from '../commit-loop.ts';
import type { VolumeFiles } from '../files.ts';
import type { IndexDb } from '../index-db.ts';
import type { VolumeSettings } from '../settings.ts';
import type { UpkeepJob } from '../upkeep/job.ts';
import { forgetDeleted } from './letting-go.ts';

interface DeletedKey {
  readonly account: number;
  readonly message: number;
}

export interface ExpiryParts {
  readonly index: IndexDb;
  readonly loop: CommitLoop;
  readonly files: VolumeFiles;
  readonly directory: string;
  readonly settings: VolumeSettings;
  readonly keepMs: number;
  readonly clock: Clock;
}

/** Slices given up at once to win room: what they win comes with the next compaction. */
const SLICES_FOR_ROOM = 20;

/** Forgets deleted messages whose time is over, and the oldest of the others when the storage runs out of room. */
export class Expiry implements UpkeepJob {
  readonly figures = { deletedExpired: 0 };

  constructor(private readonly parts: ExpiryParts) {}

  async run(isStopped: () => boolean): Promise<void> {
    const { clock, keepMs } = this.parts;
    while (!isStopped() && (await this.forget(clock.now() - keepMs)));
    for (let i = 0; i < SLICES_FOR_ROOM && !isStopped() && (await this.isShort()); i++)
      if (!(await this.forget(Infinity))) return;
  }

  /** One slice of those deleted before. False when there is none. */
  private async forget(before: number): Promise<boolean> {
    const { index, loop, settings } = this.parts;
    const sql = 'SELECT account, message FROM deleted WHERE at < ? ORDER BY at LIMIT ?';
    if (!index.get(sql, before, 1)) return false;
    const count = await loop.submit({
      ...{ contents: [], grows: false },
      run: (edit) => {
        const rows = edit.scope.index.all<DeletedKey>(sql, before, settings.bulkMessagesMax);
        forgetDeleted(edit, rows);
        return rows.length;
      },
    });
    this.figures.deletedExpired += count;
    return count > 0;
  }

  private async isShort(): Promise<boolean> {
    const { files, directory, settings } = this.parts;
    return (await files.freeBytes(directory)) < settings.deletedYieldBytes;
  }
}
