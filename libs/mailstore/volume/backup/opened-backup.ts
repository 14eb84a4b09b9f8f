import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AccountId, type BackupRef, MailStoreError, type MailStoreLimits } from '#mailstore/api';
import { Barrier } from '../barrier.ts';
import { BlobReader } from '../blob-reader.ts';
import { findBlob } from '../blobs.ts';
import { ColdReader } from '../cold/cold-reader.ts';
import { nodeFiles } from '../files.ts';
import type { IndexDb } from '../index-db.ts';
import { Reads } from '../reads.ts';
import { openIndex } from '../schema.ts';
import { coldFile } from '../segments.ts';
import { AccountExport } from '../transfer/account-export.ts';
import { mirroredCold } from './cold-mirror.ts';
import { backupPath, backupSegments, readManifest } from './manifest.ts';

const CACHE_BYTES = 4 * 1024 * 1024;
const OPEN_SEGMENTS_MAX = 16;
const COLD_SETTINGS = { coldCacheBytes: 1024 * 1024, coldReadsMax: 4, coldRetryMs: 0 };

/** A backup one can read from. It works on a copy of the backup's index, brought up to this program's version. */
export class OpenedBackup implements AsyncDisposable {
  readonly reads: Reads;
  readonly blobs: BlobReader;
  readonly exports: AccountExport;

  private constructor(
    private readonly directory: string,
    private readonly index: IndexDb,
    segments: string,
    limits: MailStoreLimits,
  ) {
    this.reads = new Reads(index, new Barrier(), limits, () => {});
    const stored = mirroredCold(segments);
    const cold = new ColdReader({ storage: () => stored, nameOf: coldFile, settings: COLD_SETTINGS });
    this.blobs = new BlobReader(nodeFiles, segments, OPEN_SEGMENTS_MAX, (hash) => findBlob(index, hash), cold);
    this.exports = new AccountExport(index, this.reads, this.blobs);
  }

  /** Rejects `corrupt` when there is no such backup of the volume. */
  static async open({ directory, name }: BackupRef, volumeId: string, limits: MailStoreLimits): Promise<OpenedBackup> {
    await readManifest(directory, volumeId, name);
    const temporary = await mkdtemp(join(tmpdir(), 'rookery-backup-'));
    try {
      const copy = join(temporary, 'index.db');
      await copyFile(join(backupPath(directory, volumeId, name), 'index.db'), copy);
      const index = openIndex(copy, CACHE_BYTES);
      return new OpenedBackup(temporary, index, backupSegments(directory, volumeId), limits);
    } catch (error) {
      await rm(temporary, { recursive: true, force: true });
      throw error;
    }
  }

  /** Throws `accountNotFound`. An address may have had several accounts: the youngest. */
  accountId(idOrEmail: string): AccountId {
    const sql = 'SELECT id FROM account WHERE id = ?1 OR email = ?1 ORDER BY id = ?1 DESC, number DESC LIMIT 1';
    const row = this.index.get<{ id: AccountId }>(sql, idOrEmail);
    if (!row) throw new MailStoreError('accountNotFound', 'not in the backup');
    return row.id;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.blobs.close();
    this.index.close();
    await rm(this.directory, { recursive: true, force: true });
  }
}
