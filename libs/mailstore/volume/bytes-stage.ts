import { findBlob } from './blobs.ts';
import { failureKind } from './errors.ts';
import type { IndexDb } from './index-db.ts';
import type { Task } from './operation.ts';
import { RECORD_HEADER_BYTES } from './record.ts';
import type { Room } from './room.ts';
import type { SegmentWriter } from './segments.ts';
import type { VolumeSettings } from './settings.ts';
import type { StagedContent } from './staging.ts';

/** What a batch came to. */
export interface WrittenBatch {
  /** Tasks whose bytes are on storage. */
  readonly written: readonly Task[];
  /** Tasks there was no room for, with the reason. */
  readonly refused: readonly Task[];
  readonly reason?: unknown;
}

/** What an operation's rows may take up in index and log, at a generous guess. */
const ROWS_BYTES = 32_768;

/** Step 1 of a commit: finds room, and puts messages' bytes on storage, batch by batch, ahead of the rows that will refer to them. */
export class BytesStage {
  private readonly waiting: Task[] = [];
  private underWay = 0;
  private running: Promise<void> | undefined;

  constructor(
    private readonly segments: SegmentWriter,
    private readonly room: Room,
    private readonly index: IndexDb,
    private readonly settings: VolumeSettings,
    private readonly onWritten: (batch: WrittenBatch) => void,
    private readonly onFailure: (cause: unknown) => void,
  ) {}

  get tasks(): number {
    return this.waiting.length + this.underWay;
  }

  add(task: Task): void {
    this.waiting.push(task);
    this.running ??= this.run();
  }

  /** Resolves when nothing is waiting. */
  async idle(): Promise<void> {
    await this.running;
  }

  /** Gives back what it has not begun. */
  abandon(): readonly Task[] {
    return this.waiting.splice(0);
  }

  private async run(): Promise<void> {
    // What arrives in this turn of the event loop shares the first batch.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.waiting.length > 0) {
      const batch = this.take();
      this.underWay = batch.length;
      try {
        this.onWritten(await this.write(batch));
      } catch (cause) {
        this.waiting.unshift(...batch);
        this.onFailure(cause);
      }
      this.underWay = 0;
    }
    this.running = undefined;
  }

  private take(): readonly Task[] {
    const { commitOperationsMax, commitBytesMax } = this.settings;
    let bytes = 0;
    let count = 0;
    for (const { operation } of this.waiting) {
      for (const { size, large } of operation.contents) bytes += large ? 0 : size;
      if (count > 0 && (bytes > commitBytesMax || count >= commitOperationsMax)) break;
      count += 1;
    }
    return this.waiting.splice(0, count);
  }

  private async write(batch: readonly Task[]): Promise<WrittenBatch> {
    const contents = batch.flatMap(({ operation }) => operation.contents);
    const large = contents.flatMap((content) => content.large ?? []);
    const bytes = contents.reduce((sum, content) => sum + (content.large ? 0 : RECORD_HEADER_BYTES + content.size), 0);
    try {
      await this.room.take(bytes + batch.length * ROWS_BYTES);
      await Promise.all([this.append(contents), ...large.map((record) => record.sync())]);
      return { written: batch, refused: [] };
    } catch (reason) {
      if (failureKind(reason) !== 'diskFull') throw reason;
      return { written: [], refused: batch, reason };
    }
  }

  /** One write and one sync for all that is new. Bytes the volume holds already are not written again. */
  private async append(contents: readonly StagedContent[]): Promise<void> {
    const fresh = new Map<string, StagedContent[]>();
    for (const content of contents) {
      if (content.large || content.place) continue;
      const { blobId } = content.message;
      const same = fresh.get(blobId);
      if (same) same.push(content);
      else if (!findBlob(this.index, content.hash)) fresh.set(blobId, [content]);
    }
    if (fresh.size === 0) return;
    const groups = [...fresh.values()];
    const places = await this.segments.append(groups.flatMap(([first]) => first ?? []));
    for (const [i, place] of places.entries()) {
      for (const content of groups[i] ?? []) {
        // The same content may be used by two operations of the batch.
        if (content.place) continue;
        content.place = place;
        this.segments.use(place.segment);
      }
    }
  }
}
