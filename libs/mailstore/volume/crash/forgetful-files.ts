import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { nodeFiles, type VolumeFile, type VolumeFiles } from '../files.ts';

/** A kind of sync to leave out, to see that the test would notice. */
export type Omission = 'segmentSync' | 'walSync' | 'directorySync';

/**
 * The file system as a power cut leaves it: what was synced, and nothing else. It works on the real files and keeps beside them what
 * each would hold after a crash: the content of its last fdatasync, if its name was made durable. (The
 * file system may keep more; a store that needs more is wrong.)
 */
export class ForgetfulFiles implements VolumeFiles {
  /** Path → content on storage. */
  private readonly synced = new Map<string, Buffer>();
  /** Paths whose name is on storage. */
  private readonly named = new Set<string>();
  /** Created and not yet durable by name. */
  private readonly unnamed = new Set<string>();

  constructor(private readonly omit?: Omission) {}

  async open(path: string, mode: 'create' | 'update' | 'read'): Promise<VolumeFile> {
    const file = await nodeFiles.open(path, mode);
    if (mode === 'create') this.unnamed.add(path);
    if (mode === 'update') {
      // What it held before is on storage already.
      if (!this.synced.has(path) && !this.unnamed.has(path)) this.synced.set(path, readFileSync(path));
      this.named.add(path);
    }
    const isWal = path.endsWith('-wal');
    const omitted = this.omit === (isWal ? 'walSync' : 'segmentSync');
    return {
      ...file,
      sync: async () => {
        const content = readFileSync(path);
        await file.sync();
        if (!omitted) this.synced.set(path, content);
      },
    };
  }

  async syncDirectory(path: string): Promise<void> {
    const durable = [...this.unnamed].filter((each) => dirname(each) === path);
    await nodeFiles.syncDirectory(path);
    if (this.omit === 'directorySync') return;
    for (const each of durable) {
      this.unnamed.delete(each);
      this.named.add(each);
    }
  }

  async remove(path: string): Promise<void> {
    await nodeFiles.remove(path);
    // A removal reaches storage some time: both states have to be good. The test takes the one that loses more.
    this.synced.delete(path);
    this.named.delete(path);
  }

  list(path: string): Promise<readonly string[]> {
    return nodeFiles.list(path);
  }

  freeBytes(path: string): Promise<number> {
    return nodeFiles.freeBytes(path);
  }

  /**
   * Makes `target` what storage holds of the volume at `source` now. `index.db` is copied by another process, since closing it here would drop its lock.
   */
  crash(source: string, target: string): void {
    mkdirSync(join(target, 'segments'), { recursive: true });
    for (const name of ['volume.json', 'index.db']) {
      const copied = spawnSync('cp', [join(source, name), join(target, name)]);
      if (copied.status !== 0) throw new Error(String(copied.stderr));
    }
    for (const name of readdirSync(join(source, 'segments'))) {
      const path = join(source, 'segments', name);
      // From before this life, and only read in it.
      if (!this.named.has(path) && !this.unnamed.has(path)) copyFileSync(path, join(target, 'segments', name));
    }
    for (const path of this.named) {
      const directory = path.endsWith('.seg') ? join(target, 'segments') : target;
      writeFileSync(join(directory, basename(path)), this.synced.get(path) ?? Buffer.alloc(0));
    }
  }
}
