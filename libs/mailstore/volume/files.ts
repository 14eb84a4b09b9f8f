import { close, fdatasync, fstat, fsync, ftruncate, open, read, readdir, statfs, unlink, writev } from 'node:fs';
import { promisify } from 'node:util';

/** One open file. Positions and lengths in bytes. */
export interface VolumeFile {
  /** Writes all of it or throws; after a throw the bytes at `position` are unknown. */
  write(buffers: readonly Uint8Array[], position: number): Promise<void>;
  /** Fills `into` from `position`; fewer bytes than asked mean the file ends there. */
  read(into: Uint8Array, position: number): Promise<number>;
  /** Resolves when what was written is on storage (fdatasync). */
  sync(): Promise<void>;
  size(): Promise<number>;
  truncate(bytes: number): Promise<void>;
  close(): Promise<void>;
}

/**
 * The files a volume touches itself: segments, and the index and its WAL to sync them. A port so that tests can lose what was
 * not synced. Never give it owner.db: closing any descriptor drops SQLite's lock (POSIX). That of index.db is closed after SQLite's.
 */
export interface VolumeFiles {
  /** `create` fails when the file is there; `update` opens an existing one for writing. */
  open(path: string, mode: 'create' | 'update' | 'read'): Promise<VolumeFile>;
  /** Makes names created in or removed from the directory durable. */
  syncDirectory(path: string): Promise<void>;
  remove(path: string): Promise<void>;
  list(path: string): Promise<readonly string[]>;
  /** Bytes the file system at `path` has left for us. */
  freeBytes(path: string): Promise<number>;
}

const FLAGS = { create: 'wx+', update: 'r+', read: 'r' } as const;
const openFile = promisify(open);
const closeFile = promisify(close);
const readFile = promisify(read);
const writeFile = promisify(writev);
const syncData = promisify(fdatasync);
const syncAll = promisify(fsync);

export const nodeFiles: VolumeFiles = {
  async open(path, mode) {
    return nodeFile(await openFile(path, FLAGS[mode], 0o600));
  },
  async syncDirectory(path) {
    const descriptor = await openFile(path, 'r');
    try {
      await syncAll(descriptor);
    } finally {
      await closeFile(descriptor);
    }
  },
  remove: promisify(unlink),
  list: (path) => promisify(readdir)(path),
  async freeBytes(path) {
    const { bavail, bsize } = await promisify(statfs)(path);
    return bavail * bsize;
  },
};

function nodeFile(descriptor: number): VolumeFile {
  return {
    async write(buffers, position) {
      let rest: readonly Uint8Array[] = buffers;
      let at = position;
      while (rest.length > 0) {
        const { bytesWritten } = await writeFile(descriptor, rest, at);
        at += bytesWritten;
        rest = after(rest, bytesWritten);
      }
    },
    async read(into, position) {
      let done = 0;
      while (done < into.length) {
        const { bytesRead } = await readFile(descriptor, into, done, into.length - done, position + done);
        if (bytesRead === 0) break;
        done += bytesRead;
      }
      return done;
    },
    sync: () => syncData(descriptor),
    size: async () => (await promisify(fstat)(descriptor)).size,
    truncate: (bytes) => promisify(ftruncate)(descriptor, bytes),
    close: () => closeFile(descriptor),
  };
}

/** What is left of the buffers when the first `written` bytes are gone. */
function after(buffers: readonly Uint8Array[], written: number): readonly Uint8Array[] {
  let skip = written;
  const rest: Uint8Array[] = [];
  for (const buffer of buffers) {
    if (skip >= buffer.length) skip -= buffer.length;
    else {
      rest.push(skip > 0 ? buffer.subarray(skip) : buffer);
      skip = 0;
    }
  }
  return rest;
}
