import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type BackupInfo, MailStoreError } from '#mailstore/api';

/**
 * A backup directory holds, for each volume, the segments of all its backups and a directory a backup:
 *
 *     <volume>/segments/<epoch>-<n>.seg  or .cold, as it was on cold storage
 *     <volume>/<name>/index.db
 *     <volume>/<name>/manifest.json      written last: without it there is no backup
 */
export const backupSegments = (directory: string, volumeId: string): string => join(directory, volumeId, 'segments');
export const backupPath = (directory: string, volumeId: string, name: string): string =>
  join(directory, volumeId, name);

const MANIFEST_FORMAT = 1;

/** What a backup needs, besides what is told of it. */
export interface Manifest extends BackupInfo {
  readonly format: number;
  /** Name and length of each segment, as of the index. */
  readonly segments: readonly (readonly [name: string, bytes: number])[];
}

export const newManifest = (manifest: Omit<Manifest, 'format'>): string =>
  `${JSON.stringify({ format: MANIFEST_FORMAT, ...manifest }, null, 2)}\n`;

export async function readManifest(directory: string, volumeId: string, name: string): Promise<Manifest> {
  const path = join(backupPath(directory, volumeId, name), 'manifest.json');
  let manifest: Manifest;
  try {
    manifest = JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw new MailStoreError('corrupt', `${path} is no manifest of a backup`, { cause });
  }
  if (manifest.format !== MANIFEST_FORMAT || manifest.volumeId !== volumeId)
    throw new MailStoreError('corrupt', `${path} is of another volume, or of another version of this program`);
  return manifest;
}

/** Complete backups, oldest first. */
export async function listManifests(directory: string, volumeId: string): Promise<readonly Manifest[]> {
  let names: string[];
  try {
    names = await readdir(join(directory, volumeId));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  const found: Manifest[] = [];
  for (const name of names.filter((each) => each !== 'segments').sort()) {
    const inside = await readdir(join(directory, volumeId, name));
    if (inside.includes('manifest.json')) found.push(await readManifest(directory, volumeId, name));
  }
  return found;
}

export function infoOf({ format: _, segments: __, ...info }: Manifest): BackupInfo {
  return info;
}
