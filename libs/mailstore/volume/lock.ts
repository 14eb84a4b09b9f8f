import { constants, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Clock } from '#stdx';
import { failureKind, isSqliteBusy, VolumeOpenError } from './errors.ts';

/** How often a waiting opener tries again. A try costs well under a millisecond. */
const RETRY_MS = 10;

/**
 * The storage lock: SQLite's exclusive lock on a small database that no other code opens. Its holder's epoch is kept beside it.
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
    if (database) return hold(database, path, epoch);
    if (clock.monotonic() >= deadline)
      throw new VolumeOpenError('locked', `another process holds the storage lock of ${path}`);
    await clock.sleep(RETRY_MS);
  }
}

/** An exclusive transaction on the database, or undefined while another process has it. */
export function tryExclusive(file: string): DatabaseSync | undefined {
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    // Nothing is ever committed, so nothing has to be kept to undo it: a journal would want room that a full disk has not.
    database.exec('PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=MEMORY; BEGIN EXCLUSIVE');
    return database;
  } catch (error) {
    database.close();
    if (isSqliteBusy(error)) return undefined;
    throw error;
  }
}

/** Takes the epoch, or refuses it; all writing is done off the event loop, since the storage may be slow. */
async function hold(database: DatabaseSync, path: string, epoch: number): Promise<StorageLock> {
  try {
    const stored = Math.max(await keptEpoch(path), formerlyKeptEpoch(database));
    if (stored > epoch)
      throw new VolumeOpenError('staleEpoch', `the volume was taken at epoch ${stored}; epoch ${epoch} is over`);
    if (stored < epoch) await keepEpoch(path, epoch);
  } catch (error) {
    database.close();
    throw error;
  }
  // The transaction stays open, and the lock with it, until the connection is closed.
  return { release: () => database.close() };
}

const EPOCH_FILE = 'owner.epoch';
/** Of the largest safe integer. */
const EPOCH_DIGITS = 16;

async function keptEpoch(path: string): Promise<number> {
  const text = await readFile(join(path, EPOCH_FILE), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '0';
    throw error;
  });
  const epoch = Number(text);
  if (!Number.isSafeInteger(epoch)) throw new VolumeOpenError('formatUnknown', `${EPOCH_FILE} holds no epoch`);
  return epoch;
}

/** Before it had a file of its own it was a row in the database of the lock. */
function formerlyKeptEpoch(database: DatabaseSync): number {
  const found = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'owner'").get();
  const stored = found && database.prepare('SELECT max(epoch) AS epoch FROM owner').get()?.['epoch'];
  return typeof stored === 'number' ? stored : 0;
}

/** A number of fixed length, written over the former one: that takes no room, and is whole or not at all within its sector. */
async function keepEpoch(path: string, epoch: number): Promise<void> {
  try {
    const file = await open(join(path, EPOCH_FILE), constants.O_RDWR | constants.O_CREAT, 0o600);
    try {
      await file.write(`${String(epoch).padStart(EPOCH_DIGITS, '0')}\n`, 0);
      await file.datasync();
    } finally {
      await file.close();
    }
  } catch (error) {
    // The first of them may find a full disk, which must be opened to be emptied. The lock holds without it.
    if (failureKind(error) !== 'diskFull') throw error;
  }
}
