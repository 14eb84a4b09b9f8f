import type { BlobId } from '#mailstore/api';
import type { IndexDb } from './index-db.ts';
import { RECORD_HEADER_BYTES } from './record.ts';

/** Where a blob's record begins. `segment` = epoch × 2^24 + number. */
export interface BlobPlace {
  readonly segment: number;
  /** Of the record's header. */
  readonly position: number;
  readonly size: number;
  /** Bytes its record takes on cold storage; 0: it is in a hot segment, as it is. */
  readonly stored: number;
}

/** A blob as the index has it. */
export interface BlobRow extends BlobPlace {
  readonly holders: number;
  /** When its mail was received, milliseconds since the epoch; 0: before that was noted. */
  readonly at: number;
}

/** What a blob's record takes in its segment. */
const recordBytes = ({ size, stored }: Pick<BlobPlace, 'size' | 'stored'>): number =>
  stored > 0 ? stored : RECORD_HEADER_BYTES + size;

/** The bytes were in the volume when their commit began and are no longer: the commit has to write them after all. */
export class BytesMissingError extends Error {
  override readonly name = 'BytesMissingError';
}

const SELECT = 'SELECT segment, position, size, stored, at, holders FROM blob WHERE hash = ?';
const LOSE_LIVE = 'UPDATE segment SET live = live - ? WHERE id = ?';
export const blobHash = (blobId: BlobId): Buffer => Buffer.from(blobId, 'hex');
export const blobIdOf = (hash: Uint8Array): BlobId =>
  Buffer.from(hash.buffer, hash.byteOffset, hash.byteLength).toString('hex');

export function findBlob(index: IndexDb, hash: Buffer): BlobRow | undefined {
  return index.get<BlobRow>(SELECT, hash);
}

/** What one operation did to blobs: holders it added and took away. */
export class BlobLedger {
  /** Bytes of new blobs by segment, with where the last of them ends. */
  readonly added = new Map<number, { live: number; end: number }>();
  /** Blobs whose last holder went. */
  readonly emptied: Buffer[] = [];

  /** Segments that lost some. */
  readonly shrunk = new Set<number>();

  constructor(private readonly index: IndexDb) {}

  /**
   * One more message or queue entry holds the blob; `place` is where its bytes were written, should it be new, `at` when its mail
   * was received.
   */
  hold(hash: Buffer, place: BlobPlace | undefined, at: number): void {
    if (place && this.insert(hash, place, at)) return;
    const known = this.index.run('UPDATE blob SET holders = holders + 1 WHERE hash = ?', hash) > 0;
    if (!known) throw new BytesMissingError();
  }

  release(hash: Uint8Array): void {
    const key = Buffer.from(hash);
    this.index.run('UPDATE blob SET holders = holders - 1 WHERE hash = ?', key);
    if (this.index.get<BlobRow>(SELECT, key)?.holders === 0) this.emptied.push(key);
  }

  /** Its record has been copied from one place to the other. Nothing to do when it has gone, or is elsewhere, by now. */
  move(hash: Buffer, from: BlobPlace, to: BlobPlace): boolean {
    const sql = 'UPDATE blob SET segment = ?, position = ?, stored = ? WHERE hash = ? AND segment = ? AND position = ?';
    if (this.index.run(sql, to.segment, to.position, to.stored, hash, from.segment, from.position) === 0) return false;
    this.lose(from.segment, recordBytes(from));
    this.gain(to);
    return true;
  }

  /** That much of a segment is dead; 0 asks only whether all of it is. */
  lose(segment: number, bytes: number): void {
    this.index.run(LOSE_LIVE, bytes, segment);
    this.shrunk.add(segment);
  }

  private insert(hash: Buffer, place: BlobPlace, at: number): boolean {
    const inserted = this.index.run(
      'INSERT OR IGNORE INTO blob (hash, segment, position, size, stored, at, holders) VALUES (?, ?, ?, ?, 0, ?, 1)',
      ...[hash, place.segment, place.position, place.size, at],
    );
    if (inserted === 0) return false;
    this.gain(place);
    return true;
  }

  private gain(place: BlobPlace): void {
    const { segment, position } = place;
    const sum = this.added.get(segment) ?? { live: 0, end: 0 };
    this.added.set(segment, sum);
    sum.live += recordBytes(place);
    sum.end = Math.max(sum.end, position + recordBytes(place));
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
  const segments = new Set(ledgers.flatMap(({ shrunk }) => [...shrunk]));
  for (const hash of ledgers.flatMap(({ emptied }) => emptied)) {
    const row = index.get<BlobRow>(SELECT, hash);
    if (row?.holders !== 0) continue;
    index.run('DELETE FROM blob WHERE hash = ?', hash);
    index.run(LOSE_LIVE, recordBytes(row), row.segment);
    segments.add(row.segment);
  }
  return segments;
}

/**
 * Forgets a closed hot segment that holds nothing; its file may go once this is durable. A cold one stays known until its object is
 * gone (`cold/cleanup.ts`), which nobody would find again.
 */
export function forgetIfEmpty(index: IndexDb, segment: number): boolean {
  return index.run('DELETE FROM segment WHERE id = ? AND live = 0 AND open = 0 AND cold = 0', segment) > 0;
}
