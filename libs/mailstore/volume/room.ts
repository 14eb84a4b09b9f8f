import { MailStoreError } from '#mailstore/api';
import type { Clock } from '#stdx';
import type { VolumeFiles } from './files.ts';

/** How old a look at the file system's free space may be. */
const LOOK_MS = 1_000;

/** Watches the room on the storage, so that new mail stops while there is still enough to delete old mail. */
export class Room {
  private left = 0;
  private lookedAt = -Infinity;

  constructor(
    private readonly files: VolumeFiles,
    private readonly path: string,
    private readonly reserveBytes: number,
    private readonly clock: Clock,
    private readonly onShort: () => void,
  ) {}

  /** Takes room for that many bytes. Throws `diskFull` when the reserve would be touched. */
  async take(bytes: number): Promise<void> {
    if (bytes > this.left || this.clock.monotonic() - this.lookedAt > LOOK_MS) {
      this.left = (await this.files.freeBytes(this.path)) - this.reserveBytes;
      this.lookedAt = this.clock.monotonic();
    }
    if (bytes > this.left) {
      this.onShort();
      throw new MailStoreError('diskFull', 'only the reserve is left');
    }
    this.left -= bytes;
  }
}
