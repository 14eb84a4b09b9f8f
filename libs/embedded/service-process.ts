import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { systemClock } from '#stdx';

/** A started service: where it answers, and how to end it. */
export interface ServiceProcess {
  readonly url: string;
  readonly pid: number;
  /** Resolves when the process has ended, whoever ended it. */
  readonly exited: Promise<void>;
  stop(): Promise<void>;
}

export interface SpawnOptions {
  readonly logFile: string;
  readonly uid?: number;
  readonly gid?: number;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Starts a process whose output goes to a file, in its own group so that a terminal's Ctrl-C reaches only the supervisor. */
export function spawnLogged(command: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  const log = openSync(options.logFile, 'a');
  try {
    return spawn(command, args, {
      stdio: ['ignore', log, log],
      detached: true,
      ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.gid ?? options.uid }),
      env: { ...process.env, ...options.environment },
    });
  } finally {
    closeSync(log);
  }
}

/** Ends a child: `signal` first, SIGKILL when it has not gone in time. */
export async function endProcess(child: ChildProcess, signal: NodeJS.Signals, graceMs = 10_000): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill(signal);
  const timer = systemClock.after(graceMs, () => child.kill('SIGKILL'));
  await exited;
  timer.cancel();
}

/** Polls until `check` holds; throws with the end of the log when the process ends or time runs out. */
export async function waitUntilUp(
  child: ChildProcess,
  what: string,
  logFile: string,
  check: () => Promise<boolean>,
  timeoutMs = 30_000,
): Promise<void> {
  const deadline = systemClock.monotonic() + timeoutMs;
  while (!(await check())) {
    const gone = child.exitCode !== null || child.signalCode !== null;
    if (gone || systemClock.monotonic() > deadline) {
      throw new Error(
        `${what} did not start (${gone ? 'it ended' : 'timed out'}). The end of its log:\n${tail(logFile)}`,
      );
    }
    await systemClock.sleep(50);
  }
}

function tail(file: string): string {
  try {
    return readFileSync(file, 'utf8').slice(-2_000);
  } catch {
    return '(no log)';
  }
}

/** Ends what a crashed run left behind: the process of `pidFile`, if it lives and its command line names `mark`. */
export async function endLeftover(pid: number, mark: string): Promise<void> {
  const named = (): boolean => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(mark);
    } catch {
      return false;
    }
  };
  if (!named()) return;
  process.kill(pid, 'SIGINT');
  for (let waited = 0; named() && waited < 10_000; waited += 50) await systemClock.sleep(50);
  if (named()) process.kill(pid, 'SIGKILL');
}
