import type { Clock, Timer } from '#stdx';
import type { IndexDb } from '../index-db.ts';
import { TextBlock } from './text-block.ts';
import { type BlockRow, partOf } from './text-index.ts';

interface Kept {
  readonly block: TextBlock;
  bytes: number;
  lastUse: number;
}

/** After that long without use a block may give way to another: one search does not push out what it has opened itself. */
const STALE_MS = 5_000;
/** After that long it goes in any case. */
const KEEP_MS = 60_000;

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
    const known = this.kept.get(row.id);
    if (known) return known.block;
    return new TextBlock((part) => partOf(index, row, part));
  }

  /** A search is done with the block: it is kept as it has become, or without what can be read again, or not. */
  rest({ id }: BlockRow, block: TextBlock): void {
    const now = this.clock.monotonic();
    this.bytes -= this.kept.get(id)?.bytes ?? 0;
    this.kept.delete(id);
    block.rest(false);
    this.evict(now - STALE_MS, this.bytesMax - block.byteLength);
    if (this.bytes + block.byteLength > this.bytesMax) block.rest(true);
    const bytes = block.byteLength;
    if (this.bytes + bytes > this.bytesMax) return;
    this.bytes += bytes;
    this.kept.set(id, { block, bytes, lastUse: now });
    this.timer ??= this.clock.after(KEEP_MS, () => this.tidy());
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
    for (const [id, { bytes: taken, lastUse }] of this.kept) {
      if (this.bytes <= bytes || lastUse > since) return;
      this.kept.delete(id);
      this.bytes -= taken;
    }
  }
}
