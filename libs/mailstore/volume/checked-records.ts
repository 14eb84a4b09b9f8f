import type { BlobPlace } from './blobs.ts';

/** Records remembered, at most: about 3 MB. */
const RECORDS_MAX = 65_536;

/**
 * Records whose bytes were compared with their blob id since the volume was opened: mail that is read again is not hashed again (a fifth
 * of the cost of reading 100 KB). The storage itself is looked at again by the scrub.
 */
export class CheckedRecords {
  private readonly segments = new Map<number, Set<number>>();
  private count = 0;

  has({ segment, position }: BlobPlace): boolean {
    return this.segments.get(segment)?.has(position) ?? false;
  }

  add({ segment, position }: BlobPlace): void {
    if (this.count >= RECORDS_MAX) this.clear();
    let positions = this.segments.get(segment);
    if (!positions) {
      positions = new Set();
      this.segments.set(segment, positions);
    }
    this.count += positions.has(position) ? 0 : 1;
    positions.add(position);
  }

  /** The segment is gone. */
  forget(segment: number): void {
    this.count -= this.segments.get(segment)?.size ?? 0;
    this.segments.delete(segment);
  }

  private clear(): void {
    this.segments.clear();
    this.count = 0;
  }
}
