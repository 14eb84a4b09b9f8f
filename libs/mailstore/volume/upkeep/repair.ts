import { type BackupInfo, MailStoreError } from '#mailstore/api';
import { collect } from '#stdx';
import type { OpenedBackup } from '../backup/opened-backup.ts';
import { type BlobPlace, findBlob } from '../blobs.ts';
import type { CommitLoop } from '../commit-loop.ts';
import type { IndexDb } from '../index-db.ts';
import { encodeRecordHeader } from '../record.ts';
import type { SegmentWriter } from '../segments.ts';
import type { VolumeSettings } from '../settings.ts';
import { CopyTarget } from './copy-target.ts';

interface DamageRow {
  readonly hash: Uint8Array;
}

export interface RepairParts {
  readonly index: IndexDb;
  readonly loop: CommitLoop;
  readonly segments: SegmentWriter;
  readonly settings: VolumeSettings;
}

/** Puts whole copies from backups in the place of damaged records: like a compaction, copied, synced, then referred to. */
export class Repair {
  private target: CopyTarget | undefined;

  constructor(
    private readonly parts: RepairParts,
    private readonly onRepaired: () => void,
  ) {}

  /** The segment being written: not an orphan. */
  get writing(): number | undefined {
    return this.target?.id;
  }

  /** `backups`: the newest first. Returns how many were repaired, and how many are still damaged. */
  async run(
    backups: readonly BackupInfo[],
    open: (backup: BackupInfo) => Promise<OpenedBackup>,
  ): Promise<{ readonly repaired: number; readonly left: number }> {
    const { index } = this.parts;
    let damaged: readonly Buffer[] = index
      .all<DamageRow>('SELECT hash FROM damage')
      .map(({ hash }) => Buffer.from(hash));
    const found = damaged.length;
    for (const backup of backups) {
      if (damaged.length === 0) break;
      await using opened = await open(backup);
      damaged = await this.repairFrom(opened, damaged);
    }
    this.onRepaired();
    return { repaired: found - damaged.length, left: damaged.length };
  }

  /** Returns those the backup has no whole copy of. */
  private async repairFrom(backup: OpenedBackup, damaged: readonly Buffer[]): Promise<Buffer[]> {
    const { segments, loop, settings, index } = this.parts;
    const left: Buffer[] = [];
    const repaired: Buffer[] = [];
    const target = new CopyTarget(await segments.create(), { segments, loop, settings });
    this.target = target;
    try {
      for (const hash of damaged) {
        const from = findBlob(index, hash);
        const bytes = from && (await copyOf(backup, hash, from));
        if (!from || !bytes) {
          left.push(hash);
          continue;
        }
        await target.add({ hash, from, head: encodeRecordHeader({ length: from.size, hash }), bytes });
        repaired.push(hash);
      }
      await target.switch();
      await loop.submit({
        ...{ contents: [], grows: false },
        run: (edit) => {
          for (const hash of repaired) edit.scope.index.run('DELETE FROM damage WHERE hash = ?', hash);
        },
      });
      return left;
    } finally {
      await target.finish().finally(() => (this.target = undefined));
    }
  }
}

async function copyOf(backup: OpenedBackup, hash: Buffer, { size }: BlobPlace): Promise<Buffer | undefined> {
  try {
    return await collect(backup.blobs.read(hash), size);
  } catch (error) {
    if (error instanceof MailStoreError && (error.code === 'corrupt' || error.code === 'messageNotFound'))
      return undefined;
    throw error;
  }
}
