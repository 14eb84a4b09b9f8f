import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Clock } from '#stdx';
import { isSqliteBusy, VolumeOpenError } from './errors.ts';

/** How often a waiting opener tries again. A try costs well under a millisecond. */
const RETRY_MS = 10;

/**
 * The storage lock: SQLite's exclusive lock on a small database that no other code opens, with its holder's epoch inside.
 * The kernel drops it when the process ends, however it ends.
 */
export interface StorageLock {
  release(): void;
}

export interface LockOptions {
  /** Directory of the volume. */
  readonly path: string;
  readonly epoch: number;
  readonly clock: Clock;
  /** How long to wait for a holder to go. Default 0: try once. */
  readonly waitMs?: number;
  readonly signal?: AbortSignal;
}

/** Rejects `VolumeOpenError`: `locked` after the wait, `staleEpoch` when a newer owner has been here, `aborted`. */
export async function takeStorageLock(options: LockOptions): Promise<StorageLock> {
  const { path, epoch, clock, waitMs = 0, signal } = options;
  const deadline = clock.monotonic() + waitMs;
  for (;;) {
    if (signal?.aborted) throw new VolumeOpenError('aborted', 'the wait for the storage lock was ended');
    const database = tryExclusive(join(path, 'owner.db'));
    if (database) return hold(database, epoch);
    if (clock.monotonic() >= deadline)
      throw new VolumeOpenError('locked', `another process holds the storage lock of ${path}`);
    await clock.sleep(RETRY_MS);
  }
}

/** An exclusive transaction on the database, or undefined while another process has it. */
export function tryExclusive(file: string): DatabaseSync | undefined {
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    database.exec('PRAGMA locking_mode=EXCLUSIVE; PRAGMA synchronous=FULL; BEGIN EXCLUSIVE');
    return database;
  } catch (error) {
    database.close();
    if (isSqliteBusy(error)) return undefined;
    throw error;
  }
}

function hold(database: DatabaseSync, epoch: number): StorageLock {
  try {
    database.exec('CREATE TABLE IF NOT EXISTS owner (epoch INTEGER NOT NULL) STRICT');
    const stored = database.prepare('SELECT max(epoch) AS epoch FROM owner').get()?.['epoch'];
    if (typeof stored === 'number' && stored > epoch)
      throw new VolumeOpenError('staleEpoch', `the volume was taken at epoch ${stored}; epoch ${epoch} is over`);
    database.exec('DELETE FROM owner');
    database.prepare('INSERT INTO owner (epoch) VALUES (?)').run(epoch);
    // In exclusive locking mode the lock outlives the transaction, until the connection is closed.
    database.exec('COMMIT');
  } catch (error) {
    database.close();
    throw error;
  }
  return { release: () => database.close() };
}
