import { join } from 'node:path';
import type { Logger } from '#stdx';
import { failureKind } from './errors.ts';
import type { VolumeFiles } from './files.ts';
import type { IndexDb } from './index-db.ts';
import { segmentFile, segmentId, segmentOf } from './segments.ts';

/** First number the epoch has not used for a segment the index knows. Files it does not know are stepped over when met. */
export function nextSegmentNumber(index: IndexDb, epoch: number): number {
  const sql = 'SELECT max(id) AS id FROM segment WHERE id >= ? AND id < ?';
  const first = segmentId(epoch, 0);
  const last = index.get<{ id: number | null }>(sql, first, segmentId(epoch + 1, 0))?.id ?? null;
  return last === null ? 1 : last - first + 1;
}

/**
 * Closes the segments the last owner was appending to: bytes past the last one referred to belong to no commit and are cut
 * off. A file shorter than what is referred to is damage, reported and left for the scrub; its messages read `corrupt`.
 * Returns those a full disk had no room to note as closed; the first transaction that finds room does (`SegmentWriter`).
 */
export async function closeOpenSegments(
  index: IndexDb,
  files: VolumeFiles,
  directory: string,
  logger: Logger,
): Promise<readonly number[]> {
  const open = index.all<{ id: number; bytes: number }>('SELECT id, bytes FROM segment WHERE open = 1 AND cold = 0');
  for (const { id, bytes } of open) {
    const path = join(directory, segmentFile(id));
    try {
      const file = await files.open(path, 'update');
      try {
        const size = await file.size();
        if (size > bytes) await file.truncate(bytes);
        if (size < bytes) logger.error({ path, size, bytes }, 'a segment is shorter than the index says');
      } finally {
        await file.close();
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      logger.error({ path }, 'a segment is missing');
    }
  }
  if (open.length === 0) return [];
  try {
    index.run('UPDATE segment SET open = 0 WHERE open = 1 AND cold = 0');
    return [];
  } catch (error) {
    // It has to open all the same, so that mail can be read, and deleted to make room.
    if (failureKind(error) !== 'diskFull') throw error;
    logger.warn({ error }, 'no room to close the segments of the last owner');
    return open.map(({ id }) => id);
  }
}

/**
 * Removes segment files nothing refers to: large messages whose commit never came, files emptied just before a crash. In
 * the background after opening, since it lists the directory. `isOurs` names those this process is writing.
 */
export async function removeOrphans(
  index: IndexDb,
  files: VolumeFiles,
  directory: string,
  isOurs: (segment: number) => boolean,
  logger: Logger,
): Promise<void> {
  for (const name of await files.list(directory)) {
    const id = segmentOf(name);
    if (id === undefined || isOurs(id)) continue;
    if (index.get('SELECT 1 AS found FROM segment WHERE id = ?', id)) continue;
    try {
      await files.remove(join(directory, name));
    } catch (error) {
      // Its writer gave it up and removed it meanwhile.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    logger.info({ segment: name }, 'removed a segment nothing refers to');
  }
}
