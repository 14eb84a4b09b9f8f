import { constants } from 'node:fs';
import { access, statfs } from 'node:fs/promises';
import type { StorageState, StorageTrouble } from '#cluster/api';
import type { Clock, Timer } from '#stdx';

/** So little room that the next message may not fit: one segment's least growth and a checkpoint of the index. */
const FULL_BELOW_BYTES = 16 * 1024 * 1024;

/** Looks at the file system under a volume now and then: how full it is, and whether it may be written. */
export class StorageWatch {
  private known: StorageState | undefined;
  private readonly timer: Timer;
  private looking = false;

  constructor(
    private readonly directory: string,
    clock: Pick<Clock, 'every'>,
    everyMs: number,
    /** It takes writes no more, or again. */
    private readonly changed: () => void,
  ) {
    this.timer = clock.every(everyMs, () => void this.look());
    void this.look();
  }

  get state(): StorageState | undefined {
    return this.known;
  }

  stop(): void {
    this.timer.cancel();
  }

  async look(): Promise<void> {
    // A file system that hangs is looked at once.
    if (this.looking) return;
    this.looking = true;
    try {
      const before = this.known?.trouble ?? null;
      this.known = await storageOf(this.directory);
      if (this.known.trouble !== before) this.changed();
    } catch {
      // What cannot be looked at will fail the volume itself; the last that was seen stands.
    } finally {
      this.looking = false;
    }
  }
}

async function storageOf(directory: string): Promise<StorageState> {
  const { bsize, blocks, bavail } = await statfs(directory);
  // access(2) says EROFS of a read-only file system, whoever asks.
  const readOnly = await access(directory, constants.W_OK).then(
    () => false,
    (error: NodeJS.ErrnoException) => error.code === 'EROFS',
  );
  const diskFreeBytes = bsize * bavail;
  const trouble: StorageTrouble | null = readOnly ? 'readOnly' : diskFreeBytes < FULL_BELOW_BYTES ? 'full' : null;
  return { diskBytes: bsize * blocks, diskFreeBytes, trouble };
}
