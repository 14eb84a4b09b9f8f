import { monitorEventLoopDelay } from 'node:perf_hooks';

/** How long an event loop let others wait, in milliseconds. */
export interface Pauses {
  /** By the clock: on a machine shared with others, their turns too. */
  readonly maxMs: number;
  readonly p99Ms: number;
  /** By the main thread's own processor time, which others do not change. */
  readonly ownMaxMs: number;
}

/** Watches this process's event loop; each call of what it returns tells of the time since the last one. */
export function watchPauses(): () => Pauses {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  let longest = 0;
  let last = ownTime();
  setInterval(() => {
    const now = ownTime();
    longest = Math.max(longest, now - last);
    last = now;
  }, 1).unref();
  return () => {
    const pauses = { maxMs: delay.max / 1e6, p99Ms: delay.percentile(99) / 1e6, ownMaxMs: longest };
    delay.reset();
    longest = 0;
    return pauses;
  };
}

function ownTime(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}
