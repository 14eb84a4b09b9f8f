import type { BlobId } from '#mailstore/api';
import { MailStoreError } from '#mailstore/api';
import type { IndexDb } from './index-db.ts';
import { RECORD_HEADER_BYTES } from './record.ts';

/** Where a blob's record begins. `segment` = epoch × 2^24 + number. */
export interface BlobPlace {
  readonly segment: number;
  /** Of the record's header. */
  readonly position: number;
  readonly size: number;
}

interface BlobRow extends BlobPlace {
  readonly holders: number;
}

const SELECT = 'SELECT segment, position, size, holders FROM blob WHERE hash = ?';

export const blobHash = (blobId: BlobId): Buffer => Buffer.from(blobId, 'hex');
export const blobIdOf = (hash: Uint8Array): BlobId =>
  Buffer.from(hash.buffer, hash.byteOffset, hash.byteLength).toString('hex');

export function findBlob(index: IndexDb, hash: Buffer): BlobPlace | undefined {
  return index.get<BlobRow>(SELECT, hash);
}

/** The blobs one transaction adds holders to and takes them from. Bytes nobody holds are forgotten at its end, not before: a neighbour may take them up again. */
export class BlobLedger {
  private readonly emptied = new Map<string, Buffer>();

  constructor(private readonly index: IndexDb) {}

  /** One more message or queue entry holds the blob; `place` is where it was written, should it be new. */
  hold(hash: Buffer, place: BlobPlace | undefined): void {
    const held = this.index.run('UPDATE blob SET holders = holders + 1 WHERE hash = ?', hash);
    if (held > 0) return;
    if (!place) throw new MailStoreError('corrupt', 'a blob that should be here is missing');
    const { segment, position, size } = place;
    this.index.run(
      'INSERT INTO blob (hash, segment, position, size, holders) VALUES (?, ?, ?, ?, 1)',
      ...[hash, segment, position, size],
    );
    this.index.run(
      `INSERT INTO segment (id, bytes, live, open) VALUES (?, ?, ?, 0)
        ON CONFLICT (id) DO UPDATE SET live = live + excluded.live`,
      ...[segment, position + RECORD_HEADER_BYTES + size, size],
    );
  }

  release(hash: Uint8Array): void {
    const key = Buffer.from(hash);
    this.index.run('UPDATE blob SET holders = holders - 1 WHERE hash = ?', key);
    const row = this.index.get<BlobRow>(SELECT, key);
    if (row?.holders === 0) this.emptied.set(key.toString('latin1'), key);
  }

  /** Forgets blobs nobody holds. Returns the segments they were in. */
  settle(): ReadonlySet<number> {
    const segments = new Set<number>();
    for (const hash of this.emptied.values()) {
      const row = this.index.get<BlobRow>(SELECT, hash);
      if (row?.holders !== 0) continue;
      this.index.run('DELETE FROM blob WHERE hash = ?', hash);
      this.index.run('UPDATE segment SET live = live - ? WHERE id = ?', row.size, row.segment);
      segments.add(row.segment);
    }
    return segments;
  }
}

/** Forgets closed segments of these that hold nothing. Returns them: their files may go once this is durable. */
export function forgetEmpty(index: IndexDb, segments: Iterable<number>): readonly number[] {
  return [...segments].filter((id) => index.run('DELETE FROM segment WHERE id = ? AND live = 0 AND open = 0', id) > 0);
}
