import { join } from 'node:path';
import { nodeFiles, type VolumeFile, type VolumeFiles } from '../files.ts';
import { RECORD_HEADER_BYTES } from '../record.ts';
import type { Throttle } from '../upkeep/throttle.ts';

const CHUNK_BYTES = 1024 * 1024;

/**
 * Brings a copy of a segment up to a length. Segments only grow, so what is there is a beginning of what is to be; a
 * file of the same name that begins otherwise is another life's, and is written anew. Returns the bytes it wrote, or
 * `undefined` when the source has not that many.
 */
export async function mirrorSegment(
  source: { readonly files: VolumeFiles; readonly directory: string },
  target: string,
  name: string,
  bytes: number,
  throttle: Throttle,
): Promise<number | undefined> {
  const from = await source.files.open(join(source.directory, name), 'read');
  try {
    if ((await from.size()) < bytes) return undefined;
    const to = await openTarget(join(target, name));
    try {
      const done = (await beginAlike(from, to)) ? Math.min(await to.size(), bytes) : 0;
      if (done === 0) await to.truncate(0);
      for (let at = done; at < bytes; at += CHUNK_BYTES) {
        const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, bytes - at));
        if ((await from.read(chunk, at)) < chunk.length) return undefined;
        await to.write([chunk], at);
        await throttle.spend(2 * chunk.length);
      }
      if (done < bytes) await to.sync();
      return bytes - done;
    } finally {
      await to.close();
    }
  } finally {
    await from.close();
  }
}

async function openTarget(path: string): Promise<VolumeFile> {
  try {
    return await nodeFiles.open(path, 'update');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return nodeFiles.open(path, 'create');
  }
}

/** The first record's header names its bytes by their hash. */
async function beginAlike(a: VolumeFile, b: VolumeFile): Promise<boolean> {
  const [first, second] = [Buffer.alloc(RECORD_HEADER_BYTES), Buffer.alloc(RECORD_HEADER_BYTES)];
  const lengths = [await a.read(first, 0), await b.read(second, 0)];
  return lengths[0] === lengths[1] && first.equals(second);
}
