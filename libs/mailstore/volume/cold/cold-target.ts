import { type ColdStorage, ColdStorageError } from '#mailstore/api';
import type { BlobPlace } from '../blobs.ts';
import type { CommitLoop } from '../commit-loop.ts';
import type { Edit } from '../edit.ts';
import { coldFile, coldName, type SegmentWriter } from '../segments.ts';
import type { VolumeSettings } from '../settings.ts';

interface Move {
  readonly hash: Buffer;
  readonly from: BlobPlace;
  readonly to: BlobPlace;
}

export interface ColdTargetParts {
  readonly volumeId: string;
  readonly storage: ColdStorage;
  readonly loop: CommitLoop;
  readonly segments: SegmentWriter;
  readonly settings: VolumeSettings;
  readonly now: () => number;
}

/**
 * A cold segment being filled. The order that keeps every message readable whatever breaks off:
 * 1. the index notes that an object of this name may come to be;
 * 2. the object is put, and read back whole;
 * 3. the index refers to it, slice by slice; what it no longer refers to may then go.
 * What a crash leaves after 1 or 2 is an object nobody refers to, whose name the index knows (`cleanup.ts`).
 */
export class ColdTarget {
  /** Where the next record goes. */
  end = 0;
  /** Bytes of the messages in it. */
  bytes = 0;
  private readonly records: Buffer[] = [];
  private readonly moves: Move[] = [];

  private constructor(
    readonly id: number,
    private readonly parts: ColdTargetParts,
  ) {}

  static async begin(parts: ColdTargetParts): Promise<ColdTarget> {
    const target = new ColdTarget(parts.segments.reserve(), parts);
    await target.commit(({ scope: { index } }) => {
      const sql = 'INSERT INTO segment (id, bytes, live, open, cold, scrubbed_at) VALUES (?, 0, 0, 1, 1, ?)';
      index.run(sql, target.id, Math.floor(parts.now()));
    });
    return target;
  }

  get messages(): number {
    return this.moves.length;
  }

  add(hash: Buffer, from: BlobPlace, record: Buffer): void {
    const to = { segment: this.id, position: this.end, size: from.size, stored: record.length };
    this.moves.push({ hash, from, to });
    this.records.push(record);
    this.end += record.length;
    this.bytes += from.size;
  }

  /** Rejects `ColdStorageError` with nothing changed but what the index notes. */
  async finish(): Promise<void> {
    const { volumeId, settings, now } = this.parts;
    if (this.moves.length > 0) await this.put(coldName(volumeId, this.id));
    const { bulkMessagesMax } = settings;
    for (let at = 0; at < this.moves.length; at += bulkMessagesMax)
      await this.commit((edit) => {
        edit.scope.index.run('UPDATE segment SET bytes = ? WHERE id = ?', this.end, this.id);
        for (const { hash, from, to } of this.moves.slice(at, at + bulkMessagesMax)) edit.blobs.move(hash, from, to);
      });
    const at = Math.floor(now());
    await this.commit(({ scope: { index } }) => {
      // All of it has just been read back.
      const sql = 'UPDATE segment SET open = 0, scrubbed_at = ? WHERE id = ?';
      if (this.moves.length > 0) index.run(sql, at, this.id);
      else index.run('DELETE FROM segment WHERE id = ?', this.id);
    });
  }

  private async put(name: string): Promise<void> {
    const { storage } = this.parts;
    const object = Buffer.concat(this.records);
    this.records.length = 0;
    try {
      await storage.put(name, object);
    } catch (error) {
      // Somebody else's, or of another life: not ours to refer to, nor to remove.
      if (error instanceof ColdStorageError && error.code === 'exists')
        await this.commit(({ scope: { index } }) => void index.run('DELETE FROM segment WHERE id = ?', this.id));
      throw error;
    }
    const back = await storage.read(name, 0, object.length);
    if (!back.equals(object))
      throw new ColdStorageError('damaged', `${coldFile(this.id)} came back other than it was put`);
  }

  private commit(run: (edit: Edit) => void): Promise<void> {
    return this.parts.loop.submit({ contents: [], grows: false, run });
  }
}
