import { type ColdStorage } from '#mailstore/api';
import type { RemovalHold } from '../backup/removal-hold.ts';
import type { CommitLoop } from '../commit-loop.ts';
import type { IndexDb } from '../index-db.ts';
import { coldName } from '../segments.ts';
import type { ColdReader } from './cold-reader.ts';

/** A name noted for an object that never came is kept so long: a request of the last owner may still arrive. */
const LATE_PUT_MS = 24 * 3_600_000;
const AT_ONCE = 100;

interface ColdRow {
  readonly id: number;
  readonly live: number;
  readonly open: number;
  /** When it was noted, or last found whole. */
  readonly at: number;
}

export interface CleanupParts {
  readonly volumeId: string;
  readonly index: IndexDb;
  readonly loop: CommitLoop;
  readonly storage: ColdStorage;
  readonly reader: ColdReader;
  readonly hold: RemovalHold;
  readonly now: () => number;
}

/** Removes objects that hold nothing any more, and what an owner left that broke off: an object nobody refers to, if any. */
export class ColdCleanup {
  readonly figures = { removedColdSegments: 0 };
  /** Names whose object was removed and that wait for their day to be over. */
  private readonly waiting = new Set<number>();

  constructor(private readonly parts: CleanupParts) {}

  async run(isStopped: () => boolean, isOurs: (id: number) => boolean): Promise<void> {
    const { index } = this.parts;
    const sql = `SELECT id, live, open, scrubbed_at AS at FROM segment
      WHERE cold = 1 AND id > ? AND (live = 0 OR open = 1) ORDER BY id LIMIT ${AT_ONCE}`;
    for (let after = -1; !isStopped(); ) {
      const rows = index.all<ColdRow>(sql, after);
      for (const row of rows) if (!isOurs(row.id) && !isStopped()) await this.settle(row);
      if (rows.length < AT_ONCE) return;
      after = rows.at(-1)?.id ?? after;
    }
  }

  private async settle({ id, live, open, at }: ColdRow): Promise<void> {
    const { volumeId, storage, reader, hold, now } = this.parts;
    // Referred to, so it was whole before its owner broke off.
    if (live > 0) return this.change('UPDATE segment SET open = 0 WHERE id = ? AND cold = 1 AND live > 0', id);
    // A copy of the index that is being made refers to what it referred to.
    if (reader.isRead(id) || hold.isHeld) return;
    const isLate = open === 1 && now() - at < LATE_PUT_MS;
    if (this.waiting.has(id) && isLate) return;
    await storage.remove(coldName(volumeId, id));
    if (isLate) {
      this.waiting.add(id);
      return;
    }
    this.waiting.delete(id);
    await this.change('DELETE FROM segment WHERE id = ? AND cold = 1 AND live = 0', id);
    this.figures.removedColdSegments += 1;
  }

  private async change(sql: string, id: number): Promise<void> {
    const run = (edit: { readonly scope: { readonly index: IndexDb } }): void => void edit.scope.index.run(sql, id);
    await this.parts.loop.submit({ contents: [], grows: false, run });
  }
}
