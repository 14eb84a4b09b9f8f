import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '#stdx';

/** A former run that was told to stop is waited for this long. */
const STOPPING_WAIT_MS = 30_000;
/** One that was not: its signal may still be on the way. */
const RUNNING_WAIT_MS = 3_000;

interface Claim {
  readonly pid: number;
  readonly stopping: boolean;
}

/**
 * One run at a time on a data directory: `<data>/run.json` says whose it is. A second `npm start` must not end the first
 * one's PostgreSQL as if a crash had left it behind.
 */
export class RunClaim {
  private constructor(private readonly path: string) {}

  /** Throws when another run keeps the directory; what a crashed run left is taken over. */
  static async take(directory: string, clock: Clock, onWait: (text: string) => void): Promise<RunClaim> {
    const path = join(directory, 'run.json');
    const begun = clock.monotonic();
    for (let said = false; ; said = true) {
      const other = livingClaim(path);
      if (!other) break;
      if (clock.monotonic() - begun > (other.stopping ? STOPPING_WAIT_MS : RUNNING_WAIT_MS))
        throw new Error(`Rookery already runs on ${directory} (pid ${other.pid}). Stop it, or choose another --data.`);
      if (!said) onWait(`waiting for the former run to stop (pid ${other.pid})`);
      await clock.sleep(100);
    }
    mkdirSync(directory, { recursive: true });
    const claim = new RunClaim(path);
    claim.write(false);
    return claim;
  }

  stopping(): void {
    this.write(true);
  }

  release(): void {
    rmSync(this.path, { force: true });
  }

  private write(stopping: boolean): void {
    writeFileSync(this.path, JSON.stringify({ pid: process.pid, stopping } satisfies Claim));
  }
}

/** Undefined when nobody holds it, or a process that is gone or is another program by now. */
function livingClaim(path: string): Claim | undefined {
  try {
    const claim = JSON.parse(readFileSync(path, 'utf8')) as Claim;
    if (claim.pid === process.pid) return undefined;
    return readFileSync(`/proc/${claim.pid}/cmdline`, 'utf8').includes('supervisor') ? claim : undefined;
  } catch {
    return undefined;
  }
}
