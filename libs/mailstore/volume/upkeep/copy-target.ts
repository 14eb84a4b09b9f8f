import type { BlobPlace } from '../blobs.ts';
import type { CommitLoop } from '../commit-loop.ts';
import type { Edit } from '../edit.ts';
import type { VolumeFile } from '../files.ts';
import { type SegmentWriter, syncOrThrow } from '../segments.ts';
import type { VolumeSettings } from '../settings.ts';

/** Bytes gathered for one write, and written before one sync. */
const WRITE_BYTES = 1024 * 1024;
const SYNC_BYTES = 8 * 1024 * 1024;

export interface CopiedRecord {
  readonly hash: Buffer;
  readonly from: BlobPlace;
  /** The record's header and bytes, as they are. */
  readonly head: Buffer;
  readonly bytes: Buffer;
}

interface Move {
  readonly hash: Buffer;
  readonly from: BlobPlace;
  readonly to: BlobPlace;
}

/** A new segment being filled with records of others. Nothing refers to a record in it before it is on storage. */
export class CopyTarget {
  readonly id: number;
  /** Where the next record goes. */
  end = 0;
  private readonly file: VolumeFile;
  private waiting: Buffer[] = [];
  private waitingBytes = 0;
  private unsyncedBytes = 0;
  private moves: Move[] = [];
  private named = false;
  private referred = false;

  constructor(
    { id, file }: { readonly id: number; readonly file: VolumeFile },
    private readonly parts: {
      readonly segments: SegmentWriter;
      readonly loop: CommitLoop;
      readonly settings: VolumeSettings;
    },
  ) {
    this.id = id;
    this.file = file;
  }

  async add({ hash, from, head, bytes }: CopiedRecord): Promise<void> {
    this.moves.push({ hash, from, to: { segment: this.id, position: this.end, size: from.size, stored: 0 } });
    this.waiting.push(head, bytes);
    this.waitingBytes += head.length + bytes.length;
    this.end += head.length + bytes.length;
    if (this.waitingBytes >= WRITE_BYTES) await this.write();
    if (this.unsyncedBytes >= SYNC_BYTES) await this.switch();
  }

  /** Makes what was copied durable, then lets the index refer to it: a slice a commit, each as good as done alone. */
  async switch(): Promise<void> {
    const { moves } = this;
    if (moves.length === 0) return;
    await this.write();
    await syncOrThrow(this.file);
    if (!this.named) await this.parts.segments.syncNames();
    this.named = true;
    this.unsyncedBytes = 0;
    this.moves = [];
    const { bulkMessagesMax } = this.parts.settings;
    for (let at = 0; at < moves.length; at += bulkMessagesMax)
      await this.commit((edit) => this.refer(edit, moves.slice(at, at + bulkMessagesMax)));
  }

  /** No more comes. A file nothing refers to is removed. */
  async finish(): Promise<void> {
    try {
      if (!this.referred) return;
      await this.commit((edit) => {
        edit.scope.index.run('UPDATE segment SET open = 0 WHERE id = ?', this.id);
        edit.blobs.lose(this.id, 0);
      });
    } finally {
      await this.file.close();
      if (!this.referred) await this.parts.segments.remove(this.id);
    }
  }

  private refer(edit: Edit, moves: readonly Move[]): void {
    this.referred = true;
    // Open until it is finished, so that a crash cuts off what nothing refers to.
    const sql = 'INSERT OR IGNORE INTO segment (id, bytes, live, open) VALUES (?, 0, 0, 1)';
    edit.scope.index.run(sql, this.id);
    for (const { hash, from, to } of moves) edit.blobs.move(hash, from, to);
  }

  private async write(): Promise<void> {
    const { waiting, waitingBytes, end } = this;
    if (waitingBytes === 0) return;
    await this.file.write(waiting, end - waitingBytes);
    this.waiting = [];
    this.waitingBytes = 0;
    this.unsyncedBytes += waitingBytes;
  }

  private commit(run: (edit: Edit) => void): Promise<void> {
    return this.parts.loop.submit({ contents: [], grows: false, run });
  }
}
