import { join } from 'node:path';
import { findBlob } from '../blobs.ts';
import { framesOfRecord, walkColdRecords } from '../cold/cold-object.ts';
import { nodeFiles, type VolumeFile } from '../files.ts';
import type { IndexDb } from '../index-db.ts';
import { encodeRecordHeader, RECORD_HEADER_BYTES } from '../record.ts';
import { coldFile, segmentFile } from '../segments.ts';
import { blobsFrom } from '../upkeep/damage.ts';
import { mirroredCold } from './cold-mirror.ts';

interface ColdRow {
  readonly id: number;
  readonly bytes: number;
}

/**
 * Makes a hot segment of each cold one of a backup, in a volume that nobody has open: it then needs no cold storage, and upkeep moves
 * what is old again. The objects the volume had on cold storage stay where they are; nothing refers to them any more. A segment the backup
 * has not in full stays as it is, and its messages read `corrupt`, or `bytesUnavailable`.
 */
export async function warmUp(index: IndexDb, source: string, target: string): Promise<void> {
  const storage = mirroredCold(source);
  for (const { id, bytes } of index.all<ColdRow>('SELECT id, bytes FROM segment WHERE cold = 1 ORDER BY id')) {
    if (bytes === 0) {
      // Noted for an object that never came.
      index.run('DELETE FROM segment WHERE id = ?', id);
      continue;
    }
    const object = await storage.read(coldFile(id), 0, bytes).catch(() => undefined);
    if (!object) continue;
    const path = join(target, segmentFile(id));
    const file = await nodeFiles.open(path, 'create');
    try {
      await inflateAll(index, id, object, file);
      await file.sync();
    } finally {
      await file.close();
    }
  }
}

async function inflateAll(index: IndexDb, id: number, object: Buffer, file: VolumeFile): Promise<void> {
  let end = 0;
  index.control('BEGIN IMMEDIATE');
  for (const walked of walkColdRecords(object)) {
    const { hash, position, length } = walked;
    const place = findBlob(index, hash);
    if (place?.segment !== id || place.position !== position) continue;
    await file.write([encodeRecordHeader({ length, hash })], end);
    let at = end + RECORD_HEADER_BYTES;
    for await (const raw of framesOfRecord(walked, walked.record)) {
      // Damaged: as long as it should be, so that its readers are told so.
      const bytes = raw ?? Buffer.alloc(0);
      await file.write([bytes], at);
      at += bytes.length;
    }
    index.run('UPDATE blob SET position = ?, stored = 0 WHERE hash = ?', end, hash);
    end += RECORD_HEADER_BYTES + length;
  }
  let live = end;
  // What a damaged object did not show: its readers are told `corrupt`.
  for (const { hash, size, stored } of await blobsFrom(index, id, 0)) {
    if (stored === 0) continue;
    index.run('UPDATE blob SET position = ?, stored = 0 WHERE hash = ?', end, hash);
    live += RECORD_HEADER_BYTES + size;
  }
  const sql = 'UPDATE segment SET cold = 0, open = 0, bytes = ?, live = ?, due_at = 0, scrubbed_at = 0 WHERE id = ?';
  index.run(sql, end, live, id);
  index.control('COMMIT');
}
