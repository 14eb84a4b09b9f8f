import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Logger } from '#stdx';
import { type BlobPlace, blobIdOf } from '../blobs.ts';
import type { CommitLoop } from '../commit-loop.ts';
import type { IndexDb } from '../index-db.ts';

/** Rows of blobs looked at before others have their turn. */
const BLOBS_A_TURN = 5_000;

export interface PlacedBlob extends BlobPlace {
  readonly hash: Uint8Array;
}

/** Blobs of a segment at or after a position. Looks at every blob of the volume: for when a file is broken. */
export async function blobsFrom(index: IndexDb, id: number, position: number): Promise<readonly PlacedBlob[]> {
  const sql = `SELECT hash, segment, position, size, stored FROM blob WHERE hash > ? ORDER BY hash LIMIT ${BLOBS_A_TURN}`;
  const found: PlacedBlob[] = [];
  for (let after: Uint8Array = Buffer.alloc(0); ; ) {
    const rows = index.all<PlacedBlob>(sql, after);
    found.push(...rows.filter((row) => row.segment === id && row.position >= position));
    if (rows.length < BLOBS_A_TURN) return found;
    after = rows.at(-1)?.hash ?? after;
    await nextTurn();
  }
}

/** A segment has been read as a whole: when, and what of it is damaged. */
export async function bookDamage(
  { loop, logger }: { readonly loop: CommitLoop; readonly logger: Logger },
  { id, name, now }: { readonly id: number; readonly name: string; readonly now: number },
  damaged: readonly PlacedBlob[],
): Promise<void> {
  await loop.submit({
    ...{ contents: [], grows: false },
    run: ({ scope: { index } }) => {
      index.run('UPDATE segment SET scrubbed_at = ? WHERE id = ?', now, id);
      index.run('DELETE FROM damage WHERE segment = ?', id);
      const sql = 'INSERT OR REPLACE INTO damage (hash, segment, position, found_at) VALUES (?, ?, ?, ?)';
      for (const { hash, position } of damaged) index.run(sql, hash, id, position, now);
    },
  });
  if (damaged.length === 0) return;
  const blobs = damaged.slice(0, 20).map(({ hash }) => blobIdOf(hash));
  logger.error({ segment: name, damaged: damaged.length, blobs }, 'stored messages are damaged');
}
