import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type BackupInfo, type ColdStorage, MailStoreError } from '#mailstore/api';
import type { Clock, Logger } from '#stdx';
import { failureKind } from '../errors.ts';
import { nodeFiles, type VolumeFiles } from '../files.ts';
import { readIdentity } from '../identity.ts';
import { IndexDb } from '../index-db.ts';
import { coldFile, segmentFile } from '../segments.ts';
import type { Throttle } from '../upkeep/throttle.ts';
import { mirrorColdSegment } from './cold-mirror.ts';
import { backupPath, backupSegments, infoOf, type Manifest, newManifest } from './manifest.ts';
import type { RemovalHold } from './removal-hold.ts';
import { mirrorSegment } from './segment-mirror.ts';

/** Pages SQLite copies before it lets others at the index: a quarter of a megabyte. */
const PAGES_A_STEP = 64;

export interface BackupParts {
  readonly index: IndexDb;
  readonly files: VolumeFiles;
  readonly segmentsDirectory: string;
  readonly cold: () => ColdStorage | undefined;
  readonly hold: RemovalHold;
  readonly throttle: Throttle;
  readonly volumePath: string;
  readonly volumeId: string;
  readonly epoch: number;
  readonly clock: Clock;
  /** Throws once the volume is closing. */
  readonly assertGoing: () => void;
  readonly logger: Logger;
}

/**
 * Copies the volume while it works. The index first, by SQLite's own backup, which sees one state; then the bytes that state refers to:
 * segments only grow and none is removed meanwhile; cold ones are copied like the others, so that a backup needs no other storage. The manifest comes last.
 */
export async function createBackup(parts: BackupParts, directory: string): Promise<BackupInfo> {
  const { volumeId, clock, hold } = parts;
  const at = Math.floor(clock.now());
  const name = new Date(at).toISOString().replaceAll(':', '-');
  const path = backupPath(directory, volumeId, name);
  const release = hold.hold();
  try {
    await mkdir(backupSegments(directory, volumeId), { recursive: true, mode: 0o700 });
    await mkdir(path, { mode: 0o700 });
    const copy = join(path, 'index.db');
    await parts.index.backup(copy, PAGES_A_STEP, parts.assertGoing);
    const manifest = await copySegments(parts, directory, { name, at }, new IndexDb(copy));
    await syncFile(copy);
    await writeManifest(path, manifest);
    await nodeFiles.syncDirectory(join(directory, volumeId));
    return infoOf(manifest);
  } catch (error) {
    await rm(path, { recursive: true, force: true });
    throw failureKind(error) === 'diskFull'
      ? new MailStoreError('diskFull', 'no room for the backup', { cause: error })
      : error;
  } finally {
    release();
  }
}

interface SegmentRow {
  readonly id: number;
  readonly bytes: number;
  readonly cold: number;
}

async function copySegments(
  parts: BackupParts,
  directory: string,
  { name, at }: { readonly name: string; readonly at: number },
  index: IndexDb,
): Promise<Manifest> {
  const { files, segmentsDirectory, cold, throttle, volumePath, volumeId, epoch, logger } = parts;
  const target = backupSegments(directory, volumeId);
  const damaged: string[] = [];
  let copiedBytes = 0;
  try {
    // The copy is a database like any other: no log beside it.
    index.exec('PRAGMA journal_mode = DELETE');
    const rows = index.all<SegmentRow>('SELECT id, bytes, cold FROM segment WHERE bytes > 0 ORDER BY id');
    const segments = rows.map(({ id, bytes, cold: isCold }) => [(isCold ? coldFile : segmentFile)(id), bytes] as const);
    for (const [i, [file, bytes]] of segments.entries()) {
      parts.assertGoing();
      const { id, cold: isCold } = rows[i]!;
      const copied = isCold
        ? await mirrorColdSegment({ storage: cold(), volumeId }, target, id, bytes, throttle)
        : await mirrorSegment({ files, directory: segmentsDirectory }, target, file, bytes, throttle).catch(
            (error: unknown) => {
              if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
              throw error;
            },
          );
      copiedBytes += copied ?? 0;
      if (copied === undefined) damaged.push(file);
    }
    await nodeFiles.syncDirectory(target);
    if (damaged.length > 0) logger.error({ segments: damaged }, 'segments are missing from the backup');
    const sums = index.get<{ accounts: number; messages: number | null }>(
      "SELECT count(*) AS accounts, sum(messages) AS messages FROM account WHERE standing <> 'arriving'",
    );
    const { clusterId } = readIdentity(volumePath) ?? { clusterId: '' };
    return {
      ...{ format: 1, name, volumeId, clusterId, epoch, at, segments, copiedBytes, damaged },
      ...{ accounts: sums?.accounts ?? 0, messages: sums?.messages ?? 0 },
      bytes: segments.reduce((sum, [, bytes]) => sum + bytes, 0),
    };
  } finally {
    index.close();
  }
}

async function writeManifest(path: string, manifest: Manifest): Promise<void> {
  const temporary = join(path, 'manifest.json.new');
  const file = await open(temporary, 'w', 0o600);
  try {
    await file.writeFile(newManifest(manifest));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, join(path, 'manifest.json'));
  await nodeFiles.syncDirectory(path);
}

async function syncFile(path: string): Promise<void> {
  const file = await nodeFiles.open(path, 'update');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
