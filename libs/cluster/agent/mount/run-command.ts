import { spawn } from 'node:child_process';
import type { Clock, Logger } from '#stdx';

export interface CommandOutcome {
  /** `null` when it was ended by a signal. */
  readonly code: number | null;
  /** Both streams as they came, cut to a few lines' worth. */
  readonly output: string;
}

/** It could not be started, took too long, or failed; the message has what it said. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

const OUTPUT_CHARS_MAX = 4_000;
/** Programs are found where the system keeps its own, whatever this process was started with. */
const ENVIRONMENT = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' };

/**
 * Runs a program without a shell and logs what it said. Rejects `CommandError` unless it ends with 0 in time; one that does
 * not end is killed with all it started.
 */
export function runCommand(
  [executable, ...args]: readonly [string, ...string[]],
  timeoutMs: number,
  clock: Clock,
  logger: Logger,
): Promise<string> {
  const started = clock.monotonic();
  return new Promise((resolve, reject) => {
    // A group of its own, so that what it started can be ended with it.
    const child = spawn(executable, args, { env: ENVIRONMENT, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    let output = '';
    const hear = (chunk: string): void => {
      output = (output + chunk).slice(0, OUTPUT_CHARS_MAX);
    };
    child.stdout.setEncoding('utf8').on('data', hear);
    child.stderr.setEncoding('utf8').on('data', hear);
    let timedOut = false;
    const timer = clock.after(timeoutMs, () => {
      timedOut = true;
      endGroup(child.pid);
      // One stuck in the kernel does not even end by that.
      finish(null);
    });
    const finish = (code: number | null): void => {
      timer.cancel();
      const said = output.trim();
      const durationMs = Math.round(clock.monotonic() - started);
      const fields = { executable, args, code, timedOut, durationMs, output: said };
      if (code === 0 && !timedOut) {
        logger.info(fields, 'command run');
        resolve(said);
        return;
      }
      logger.warn(fields, 'command failed');
      const how = timedOut ? `did not end in ${timeoutMs} ms` : code === null ? 'was killed' : `ended with ${code}`;
      reject(new CommandError(`${executable} ${how}${said === '' ? '' : `: ${said}`}`));
    };
    child.once('error', (error) => {
      timer.cancel();
      reject(new CommandError(`${executable} cannot be run: ${error.message}`));
    });
    child.once('close', finish);
  });
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It ended meanwhile.
  }
}
