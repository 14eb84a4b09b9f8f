import { mkdir, open, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type ColdStorage, ColdStorageError } from '#mailstore/api';
import type { Clock, Turns } from '#stdx';

/** A file that says: this is the storage, not the empty directory it is mounted on. */
const MARK = 'rookery-cold';
const MARK_TEXT = 'Segments of old mail. Without this file Rookery takes the storage for not mounted.\n';

export interface DirectoryColdOptions {
  readonly clock: Clock;
  /**
   * Shared by all directories of a process, and few: a network mount that hangs holds a thread of Node's pool for each, and the
   * volumes' own files need the others.
   */
  readonly turns: Turns;
  /** How long one call may take, its wait for a turn included. */
  readonly timeoutMs: number;
}

/** Cold segments as files of a directory, best on a slower mount of its own. */
export class DirectoryColdStorage implements ColdStorage {
  readonly description: string;

  constructor(
    private readonly root: string,
    private readonly options: DirectoryColdOptions,
  ) {
    this.description = root;
  }

  prepare(): Promise<void> {
    return this.bounded('prepare', async () => {
      await mkdir(this.root, { recursive: true, mode: 0o700 });
      const file = await open(join(this.root, MARK), 'w', 0o600);
      try {
        await file.writeFile(MARK_TEXT);
        await file.sync();
      } finally {
        await file.close();
      }
      await syncDirectory(this.root);
    });
  }

  put(name: string, bytes: Buffer): Promise<void> {
    return this.bounded(name, async () => {
      await this.assertMounted();
      const path = join(this.root, name);
      const directory = dirname(path);
      const made = await mkdir(directory, { recursive: true, mode: 0o700 });
      const file = await open(path, 'wx', 0o600);
      try {
        await file.writeFile(bytes);
        await file.sync();
      } catch (error) {
        await unlink(path).catch(() => {});
        throw error;
      } finally {
        await file.close();
      }
      await syncDirectory(directory);
      if (made !== undefined) await syncDirectory(this.root);
    });
  }

  read(name: string, start: number, end: number): Promise<Buffer> {
    return this.bounded(name, async () => {
      const file = await open(join(this.root, name), 'r').catch(async (error: unknown) => {
        if (codeOf(error) === 'ENOENT') await this.assertMounted();
        throw error;
      });
      try {
        const bytes = Buffer.allocUnsafe(end - start);
        for (let done = 0; done < bytes.length; ) {
          const { bytesRead } = await file.read(bytes, done, bytes.length - done, start + done);
          if (bytesRead === 0) throw new ColdStorageError('damaged', `${name} ends before ${end}`);
          done += bytesRead;
        }
        return bytes;
      } finally {
        await file.close();
      }
    });
  }

  remove(name: string): Promise<void> {
    return this.bounded(name, async () => {
      await this.assertMounted();
      const path = join(this.root, name);
      try {
        await unlink(path);
        await syncDirectory(dirname(path));
      } catch (error) {
        if (codeOf(error) !== 'ENOENT') throw error;
      }
    });
  }

  private async assertMounted(): Promise<void> {
    try {
      await stat(join(this.root, MARK));
    } catch (cause) {
      throw new ColdStorageError('away', `${this.root} has no ${MARK} file: is it mounted?`, { cause });
    }
  }

  /** What hangs is given up on; it keeps its turn until the system lets go of it. */
  private async bounded<T>(what: string, work: () => Promise<T>): Promise<T> {
    const { clock, turns, timeoutMs } = this.options;
    let isOver = false;
    const working = turns.take(async () => {
      if (isOver) throw new ColdStorageError('away', 'given up on');
      return work();
    });
    working.catch(() => {});
    let expire: () => void = () => {};
    const expiry = new Promise<never>((_, reject) => {
      expire = () => reject(new ColdStorageError('away', `${this.root} did not answer in ${timeoutMs} ms (${what})`));
    });
    const timer = clock.after(timeoutMs, () => {
      isOver = true;
      expire();
    });
    try {
      return await Promise.race([working, expiry]);
    } catch (error) {
      throw explained(error, what);
    } finally {
      timer.cancel();
    }
  }
}

const codeOf = (error: unknown): unknown => (error as NodeJS.ErrnoException).code;

function explained(error: unknown, what: string): unknown {
  if (error instanceof ColdStorageError) return error;
  const text = `${what}: ${error instanceof Error ? error.message : String(error)}`;
  switch (codeOf(error)) {
    case 'EEXIST':
      return new ColdStorageError('exists', text, { cause: error });
    case 'ENOENT':
      return new ColdStorageError('notFound', text, { cause: error });
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new ColdStorageError('refused', text, { cause: error });
    default:
      return new ColdStorageError('away', text, { cause: error });
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
