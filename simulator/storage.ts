import { VolumeLockedError } from '#cluster/agent';
import type { SimProcess } from './process.ts';
import type { World } from './world.ts';

/** A write that reached the storage. */
export interface StoredWrite {
  readonly volumeId: string;
  readonly epoch: number;
  readonly process: SimProcess;
  readonly at: number;
}

/** What the storage knows of one volume. */
interface Shelf {
  holder: StorageLock | undefined;
  readonly writes: StoredWrite[];
  highestEpoch: number;
}

/** Held by one process until it closes, dies, or the storage gives up on its silent host. */
export class StorageLock {
  lost = false;
  constructor(
    readonly volumeId: string,
    readonly epoch: number,
    readonly process: SimProcess,
  ) {}
}

/**
 * The storage all nodes reach, with locks as a file system keeps them: one holder a volume; freed when its process closes
 * or dies, a moment later; freed when its whole host has been silent for the storage's lease, though the holder, asleep,
 * still believes in it. Whoever lost a lock that way is refused every write (NFSv4: the state id is gone).
 */
export class Storage {
  private readonly shelves = new Map<string, Shelf>();
  /** Volumes whose storage answers every write with an error now. */
  readonly failing = new Set<string>();

  constructor(
    private readonly world: World,
    /** Broken law: reported, never thrown into the code under test. */
    private readonly violation: (what: string) => void,
  ) {}

  /** Throws `VolumeLockedError` while another holds it. */
  lock(volumeId: string, epoch: number, process: SimProcess): StorageLock {
    if (this.failing.has(volumeId)) throw new Error('EIO');
    const shelf = this.shelf(volumeId);
    if (shelf.holder) throw new VolumeLockedError(`held by ${shelf.holder.process.name}`);
    if (epoch < shelf.highestEpoch) throw new Error(`the volume was taken at epoch ${shelf.highestEpoch}`);
    // Files are named by epoch: who opens one a second time may write over the first.
    if (epoch === shelf.highestEpoch)
      this.violation(`${volumeId} is opened again at epoch ${epoch} by ${process.name}`);
    shelf.highestEpoch = epoch;
    shelf.holder = new StorageLock(volumeId, epoch, process);
    return shelf.holder;
  }

  unlock(lock: StorageLock): void {
    const shelf = this.shelf(lock.volumeId);
    if (shelf.holder === lock) shelf.holder = undefined;
    lock.lost = true;
  }

  /** Throws when the lock is gone or the storage fails. */
  write(lock: StorageLock): StoredWrite {
    const shelf = this.shelf(lock.volumeId);
    if (this.failing.has(lock.volumeId)) throw new Error('EIO');
    if (shelf.holder !== lock || lock.lost) throw new Error('the lock is lost');
    const last = shelf.writes.at(-1);
    if (last && last.epoch > lock.epoch) this.violation(`write at epoch ${lock.epoch} after epoch ${last.epoch}`);
    if (last && last.epoch === lock.epoch && last.process !== lock.process)
      this.violation(
        `${last.process.name} and ${lock.process.name} both wrote ${lock.volumeId} at epoch ${lock.epoch}`,
      );
    const write = { volumeId: lock.volumeId, epoch: lock.epoch, process: lock.process, at: this.world.now };
    shelf.writes.push(write);
    return write;
  }

  /** Whoever held it still believes in it: for tests of the checkers. */
  forget(volumeId: string): void {
    this.shelf(volumeId).holder = undefined;
  }

  /** The kernel of a machine that lives frees what a dead process held. */
  freeAll(process: SimProcess): void {
    for (const { holder } of this.shelves.values()) if (holder?.process === process) this.unlock(holder);
  }

  private shelf(volumeId: string): Shelf {
    const known = this.shelves.get(volumeId);
    if (known) return known;
    const made: Shelf = { holder: undefined, writes: [], highestEpoch: 0 };
    this.shelves.set(volumeId, made);
    return made;
  }
}
