import type { BlobId } from '#mailstore/api';
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

/** The bytes were in the volume when their commit began and are no longer: the commit has to write them after all. */
export class BytesMissingError extends Error {
  override readonly name = 'BytesMissingError';
}

const SELECT = 'SELECT segment, position, size, holders FROM blob WHERE hash = ?';
export const blobHash = (blobId: BlobId): Buffer => Buffer.from(blobId, 'hex');
export const blobIdOf = (hash: Uint8Array): BlobId =>
  Buffer.from(hash.buffer, hash.byteOffset, hash.byteLength).toString('hex');

export function findBlob(index: IndexDb, hash: Buffer): BlobPlace | undefined {
  return index.get<BlobRow>(SELECT, hash);
}

/** What one operation did to blobs: holders it added and took away. */
export class BlobLedger {
  /** Bytes of new blobs by segment, with where the last of them ends. */
  readonly added = new Map<number, { live: number; end: number }>();
  /** Blobs whose last holder went. */
  readonly emptied: Buffer[] = [];

  constructor(private readonly index: IndexDb) {}

  /** One more message or queue entry holds the blob; `place` is where its bytes were written, should it be new. */
  hold(hash: Buffer, place: BlobPlace | undefined): void {
    if (place && this.insert(hash, place)) return;
    const known = this.index.run('UPDATE blob SET holders = holders + 1 WHERE hash = ?', hash) > 0;
    if (!known) throw new BytesMissingError();
  }

  release(hash: Uint8Array): void {
    const key = Buffer.from(hash);
    this.index.run('UPDATE blob SET holders = holders - 1 WHERE hash = ?', key);
    if (this.index.get<BlobRow>(SELECT, key)?.holders === 0) this.emptied.push(key);
  }

  private insert(hash: Buffer, { segment, position, size }: BlobPlace): boolean {
    const inserted = this.index.run(
      'INSERT OR IGNORE INTO blob (hash, segment, position, size, holders) VALUES (?, ?, ?, ?, 1)',
      ...[hash, segment, position, size],
    );
    if (inserted === 0) return false;
    const sum = this.added.get(segment) ?? { live: 0, end: 0 };
    this.added.set(segment, sum);
    sum.live += size;
    sum.end = Math.max(sum.end, position + RECORD_HEADER_BYTES + size);
    return true;
  }
}

/**
 * The end of a transaction: books what its operations added, and forgets blobs nobody holds by now; not before, since a
 * neighbour may have taken them up again. Returns the segments that lost some.
 */
export function settleLedgers(index: IndexDb, ledgers: readonly BlobLedger[]): ReadonlySet<number> {
  const added = new Map<number, { live: number; end: number }>();
  for (const ledger of ledgers) {
    for (const [segment, { live, end }] of ledger.added) {
      const sum = added.get(segment) ?? { live: 0, end: 0 };
      added.set(segment, { live: sum.live + live, end: Math.max(sum.end, end) });
    }
  }
  const addLive = `INSERT INTO segment (id, bytes, live, open) VALUES (?, ?, ?, 0)
    ON CONFLICT (id) DO UPDATE SET bytes = max(bytes, excluded.bytes), live = live + excluded.live`;
  for (const [segment, { live, end }] of added) index.run(addLive, segment, end, live);
  const segments = new Set<number>();
  for (const hash of ledgers.flatMap(({ emptied }) => emptied)) {
    const row = index.get<BlobRow>(SELECT, hash);
    if (row?.holders !== 0) continue;
    index.run('DELETE FROM blob WHERE hash = ?', hash);
    index.run('UPDATE segment SET live = live - ? WHERE id = ?', row.size, row.segment);
    segments.add(row.segment);
  }
  return segments;
}

/** Forgets a closed segment that holds nothing; its file may go once this is durable. */
export function forgetIfEmpty(index: IndexDb, segment: number): boolean {
  return index.run('DELETE FROM segment WHERE id = ? AND live = 0 AND open = 0', segment) > 0;
}
