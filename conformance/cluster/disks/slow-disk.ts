import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const MOUNT = fileURLToPath(new URL('./slow-disk-mount.js', import.meta.url));

/** Why there can be no slow disk here; `undefined` when there can. */
export function whyNoSlowDisk(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root: a FUSE mount';
  return existsSync('/dev/fuse') ? undefined : 'needs /dev/fuse';
}

/** A folder whose syncs are as slow as is wanted: a FUSE file system in a process of its own. */
export class SlowDisk implements AsyncDisposable {
  private constructor(
    private readonly server: ChildProcess,
    readonly path: string,
  ) {}

  /** `backing` keeps the bytes. */
  static async mount(backing: string, path: string): Promise<SlowDisk> {
    for (const folder of [backing, path]) mkdirSync(folder, { recursive: true });
    const server = spawn(process.execPath, ['--enable-source-maps', MOUNT, backing, path], {
      stdio: ['pipe', 'pipe', 'inherit'],
      detached: true,
      // One of them is always reading.
      env: { ...process.env, UV_THREADPOOL_SIZE: '8' },
    });
    const lines = createInterface({ input: server.stdout });
    const mounted = await Promise.race([once(lines, 'line'), once(server, 'exit')]);
    if (mounted[0] !== 'mounted') throw new Error(`the slow disk cannot be mounted at ${path}`);
    return new SlowDisk(server, path);
  }

  /** How long a sync takes from now on; `null`: it never returns, and those under way do not either. */
  syncsTake(syncMs: number | null): void {
    this.server.stdin?.write(`${JSON.stringify({ syncMs })}\n`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.server.exitCode !== null) return;
    const gone = once(this.server, 'exit');
    this.server.stdin?.end();
    await gone;
    spawnSync('umount', ['--lazy', this.path], { stdio: 'ignore' });
  }
}
