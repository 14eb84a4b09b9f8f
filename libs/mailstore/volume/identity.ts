import { readFileSync } from 'node:fs';
import { mkdir, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { VolumeOpenError } from './errors.ts';
import { nodeFiles } from './files.ts';

/** Layout of a volume directory that this program writes. A newer one is refused; an older one is upgraded by `schema.ts`. */
const VOLUME_FORMAT = 1;

/** Whose directory it is: the content of volume.json. */
export interface VolumeIdentity {
  readonly volumeId: string;
  readonly clusterId: string;
}

export const segmentsDirectory = (path: string): string => join(path, 'segments');
export const indexPath = (path: string): string => join(path, 'index.db');

/**
 * Makes an empty volume of an existing, mounted directory. Doing it again with the same identity changes nothing; with
 * another it rejects `otherVolume` or `otherCluster`.
 */
export async function createVolume(path: string, identity: VolumeIdentity): Promise<void> {
  const found = readIdentity(path);
  if (found) return assertIdentity(path, identity);
  await mkdir(segmentsDirectory(path), { recursive: true });
  await nodeFiles.syncDirectory(path);
  const temporary = join(path, 'volume.json.new');
  const file = await open(temporary, 'w', 0o600);
  try {
    await file.writeFile(`${JSON.stringify({ format: VOLUME_FORMAT, ...identity }, null, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, join(path, 'volume.json'));
  await nodeFiles.syncDirectory(path);
}

/** Throws `VolumeOpenError` unless the directory is this volume of this cluster. */
export function assertIdentity(path: string, wanted: VolumeIdentity): void {
  const found = readIdentity(path);
  if (!found) throw new VolumeOpenError('notAVolume', `${path} holds no volume.json: is the storage mounted?`);
  if (found.clusterId !== wanted.clusterId)
    throw new VolumeOpenError('otherCluster', `${path} belongs to cluster ${found.clusterId}, not ${wanted.clusterId}`);
  if (found.volumeId !== wanted.volumeId)
    throw new VolumeOpenError('otherVolume', `${path} is volume ${found.volumeId}, not ${wanted.volumeId}`);
}

/** What volume.json says; undefined when there is none. */
export function readIdentity(path: string): VolumeIdentity | undefined {
  const text = readIfThere(join(path, 'volume.json'));
  if (text === undefined) return undefined;
  const value = parseJson(text);
  if (typeof value !== 'object' || value === null) throw unreadable(path);
  const { format, volumeId, clusterId } = value as Record<string, unknown>;
  if (typeof format !== 'number' || typeof volumeId !== 'string' || typeof clusterId !== 'string')
    throw unreadable(path);
  if (format > VOLUME_FORMAT)
    throw new VolumeOpenError(
      'formatUnknown',
      `${path} has format ${format}; this version reads up to ${VOLUME_FORMAT}`,
    );
  return { volumeId, clusterId };
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const unreadable = (path: string): VolumeOpenError =>
  new VolumeOpenError('formatUnknown', `volume.json in ${path} is not readable as a volume's identity`);
