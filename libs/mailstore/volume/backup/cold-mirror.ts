import { open, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type ColdStorage, ColdStorageError, MailStoreError } from '#mailstore/api';
import { nodeFiles } from '../files.ts';
import { coldFile, coldName } from '../segments.ts';
import type { Throttle } from '../upkeep/throttle.ts';

/**
 * Copies a cold segment beside the others of a backup, unless it is there: objects never change. Returns the bytes it wrote, or
 * `undefined` when the object is missing or too short. Rejects `bytesUnavailable` when cold storage does not answer.
 */
export async function mirrorColdSegment(
  source: { readonly storage: ColdStorage | undefined; readonly volumeId: string },
  target: string,
  id: number,
  bytes: number,
  throttle: Throttle,
): Promise<number | undefined> {
  const path = join(target, coldFile(id));
  if ((await sizeOf(path)) === bytes) return 0;
  const { storage, volumeId } = source;
  if (!storage) throw new MailStoreError('bytesUnavailable', 'this node has no cold storage for the volume');
  let object: Buffer;
  try {
    object = await storage.read(coldName(volumeId, id), 0, bytes);
  } catch (error) {
    if (!(error instanceof ColdStorageError)) throw error;
    if (error.code === 'notFound' || error.code === 'damaged') return undefined;
    throw new MailStoreError('bytesUnavailable', error.message, { cause: error });
  }
  const temporary = `${path}.new`;
  const file = await open(temporary, 'w', 0o600);
  try {
    await file.writeFile(object);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  await throttle.spend(2 * bytes);
  return bytes;
}

/** Reads cold segments where a backup keeps them. */
export function mirroredCold(directory: string): Pick<ColdStorage, 'read'> {
  return {
    async read(name, start, end) {
      const file = await nodeFiles.open(join(directory, name), 'read').catch((cause: unknown) => {
        throw new ColdStorageError('notFound', `${name} is not in the backup`, { cause });
      });
      try {
        const bytes = Buffer.allocUnsafe(end - start);
        if ((await file.read(bytes, start)) === bytes.length) return bytes;
        throw new ColdStorageError('damaged', `${name} ends before ${end}`);
      } finally {
        await file.close();
      }
    },
  };
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
