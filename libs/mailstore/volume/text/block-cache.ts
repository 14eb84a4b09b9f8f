import type { Clock, Timer } from '#stdx';
import type { IndexDb } from '../index-db.ts';
import { TextBlock } from './text-block.ts';
import { type BlockRow, firstPart } from './text-index.ts';

interface Kept {
  readonly block: TextBlock;
  lastUse: number;
}

/** After that long without use a block may give way to another: one search does not push out what it has opened itself. */
const STALE_MS = 5_000;
/** After that long it goes in any case. */
const KEEP_MS = 60_000;
/** Opened, a first part takes about twice its bytes. */
const OPENED = 2;

/** Blocks kept open between searches. They never change, and their ids are never used again. */
export class BlockCache {
  private readonly kept = new Map<number, Kept>();
  private bytes = 0;
  private timer: Timer | undefined;

  constructor(
    private readonly bytesMax: number,
    private readonly clock: Clock,
  ) {}

  open(index: IndexDb, row: BlockRow): TextBlock {
    const now = this.clock.monotonic();
    const known = this.kept.get(row.id);
    if (known) {
      known.lastUse = now;
      // Re-inserted, so that the map's order is that of last use.
      this.kept.delete(row.id);
      this.kept.set(row.id, known);
      return known.block;
    }
    const block = new TextBlock(firstPart(index, row));
    const bytes = OPENED * block.byteLength;
    this.evict(now - STALE_MS, this.bytesMax - bytes);
    if (this.bytes + bytes <= this.bytesMax) {
      this.bytes += bytes;
      this.kept.set(row.id, { block, lastUse: now });
      this.timer ??= this.clock.after(KEEP_MS, () => this.tidy());
    }
    return block;
  }

  /** Lets go of what has not been used for a while. */
  private tidy(): void {
    this.evict(this.clock.monotonic() - KEEP_MS, 0);
    this.timer = this.kept.size > 0 ? this.clock.after(KEEP_MS, () => this.tidy()) : undefined;
  }

  /** The volume is closing. */
  close(): void {
    this.timer?.cancel();
    this.kept.clear();
  }

  /** Of those not used since then, the oldest, until no more than `bytes` are left. */
  private evict(since: number, bytes: number): void {
    for (const [id, { block, lastUse }] of this.kept) {
      if (this.bytes <= bytes || lastUse > since) return;
      this.kept.delete(id);
      this.bytes -= OPENED * block.byteLength;
    }
  }
}
