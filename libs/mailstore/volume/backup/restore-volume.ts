import { constants, copyFile, mkdir, readdir, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { MailStoreError } from '#mailstore/api';
import { RELEASE } from '#stdx';
import { nodeFiles } from '../files.ts';
import { createVolume, indexPath, segmentsDirectory } from '../identity.ts';
import { openIndex, stepsAt } from '../schema.ts';
import { backupPath, backupSegments, readManifest } from './manifest.ts';
import { renewNumbers } from './renewal.ts';
import { warmUp } from './warm-up.ts';

const CACHE_BYTES = 4 * 1024 * 1024;

/**
 * Makes a volume of a backup in an empty directory, to be opened by its next owner. What waited in the queue then comes back held, since
 * most of it has been sent; an operator lets go of it. All of it is hot: cold mail comes back from the backup, too. Rejects `modified` when the directory is not empty.
 */
export async function restoreVolume(
  from: { readonly directory: string; readonly volumeId: string; readonly name: string },
  path: string,
  nowMs: number,
): Promise<void> {
  const { directory, volumeId, name } = from;
  const { segments, clusterId } = await readManifest(directory, volumeId, name);
  await mkdir(path, { recursive: true, mode: 0o700 });
  if ((await readdir(path)).length > 0) throw new MailStoreError('modified', `${path} is not empty`);
  const target = segmentsDirectory(path);
  await mkdir(target, { mode: 0o700 });
  for (const [file, bytes] of segments) {
    if (file.endsWith('.cold')) continue;
    const copy = join(target, file);
    await copyFile(join(backupSegments(directory, volumeId), file), copy, constants.COPYFILE_FICLONE);
    // A younger backup may have made it longer.
    await truncate(copy, bytes);
    await sync(copy);
  }
  await copyFile(join(backupPath(directory, volumeId, name), 'index.db'), indexPath(path));
  // Whoever opens it next may be of an older release.
  const index = openIndex(indexPath(path), CACHE_BYTES, stepsAt(RELEASE.features.oldest));
  try {
    await warmUp(index, backupSegments(directory, volumeId), target);
    renewNumbers(index, Math.floor(nowMs / 1_000));
    index.run("UPDATE queue SET status = 'held', last_error = 'restored from a backup'");
  } finally {
    index.close();
  }
  await sync(indexPath(path));
  await nodeFiles.syncDirectory(target);
  // Last: without it the directory is no volume.
  await createVolume(path, { volumeId, clusterId });
}

async function sync(path: string): Promise<void> {
  const file = await nodeFiles.open(path, 'update');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
