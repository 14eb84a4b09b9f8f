/** A pending timer. */
export interface Timer {
  cancel(): void;
}

/** The only source of time. Libs take it as an argument, so that a simulated one can stand in. */
export interface Clock {
  /** Wall-clock time, milliseconds since the Unix epoch. For records shown to people; never for durations. */
  now(): number;
  /** Milliseconds since an arbitrary start, never going back. For durations and leases. */
  monotonic(): number;
  /** Calls `run` once, `delayMs` from now. Timers do not keep the process alive. */
  after(delayMs: number, run: () => void): Timer;
  /** Calls `run` every `intervalMs`, first after one interval. */
  every(intervalMs: number, run: () => void): Timer;
  sleep(delayMs: number): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, run) {
    const handle = setTimeout(run, delayMs).unref();
    return { cancel: () => clearTimeout(handle) };
  },
  every(intervalMs, run) {
    const handle = setInterval(run, intervalMs).unref();
    return { cancel: () => clearInterval(handle) };
  },
  // A sleeper is awaited, so its timer must keep the process alive.
  sleep: (delayMs) => new Promise((resolve) => setTimeout(resolve, delayMs)),
};
