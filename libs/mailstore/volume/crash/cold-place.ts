import { mkdir, open, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type ColdStorage, ColdStorageError } from '#mailstore/api';
import type { ColdPlace } from '../cold/cold-tier.ts';

/** Mail goes to cold storage at once, a few messages an object: what is read has mostly been moved, some of it twice. */
export const COLD_SETTINGS = {
  coldSegmentBytes: 8_000,
  tierIntervalMs: 1,
  coldCountIntervalMs: 50,
  coldCacheBytes: 20_000,
};

/** Cold storage of the crash test. It cares for no durability of its own: a killed process takes no file with it. */
export function coldPlaceOf(root: string): ColdPlace {
  const storage: ColdStorage = {
    description: root,
    prepare: async () => {},
    async put(name, bytes) {
      await mkdir(dirname(join(root, name)), { recursive: true });
      await writeFile(join(root, name), bytes, { flag: 'wx' });
    },
    async read(name, start, end) {
      const bytes = Buffer.alloc(end - start);
      const file = await open(join(root, name), 'r').catch(() => {
        throw new ColdStorageError('notFound', name);
      });
      try {
        if ((await file.read(bytes, 0, bytes.length, start)).bytesRead === bytes.length) return bytes;
        throw new ColdStorageError('damaged', name);
      } finally {
        await file.close();
      }
    },
    remove: (name) => unlink(join(root, name)).catch(() => {}),
  };
  return { storage, rules: [{ afterMs: 0, minBytes: 0 }] };
}
