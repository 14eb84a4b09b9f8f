import { readdirSync, readFileSync } from 'node:fs';

/** What this process and PostgreSQL have used so far and hold now. On a shared machine processor seconds say more than the clock. Linux only. */
export interface Reading {
  /** Processor seconds. */
  readonly ownSeconds: number;
  readonly serverSeconds: number;
  /** Bytes. PostgreSQL's are proportional: memory its processes share is counted once. */
  readonly ownBytes: number;
  readonly serverBytes: number;
}

const TICKS_PER_SECOND = 100;

/** Of the PostgreSQL whose postmaster is `pid`. */
export function readMachine(pid: number): Reading {
  const { user, system } = process.cpuUsage();
  let ticks = 0;
  let bytes = 0;
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const fields = readFileSync(`/proc/${name}/stat`, 'utf8')
        .replace(/^.*\) /, '')
        .split(' ')
        .map(Number);
      const isPostmaster = Number(name) === pid;
      if (!isPostmaster && fields[1] !== pid) continue;
      // Fields 14 to 17 of proc(5): own time, and for the postmaster that of children already gone.
      ticks += fields[11]! + fields[12]! + (isPostmaster ? fields[13]! + fields[14]! : 0);
      const rollup = readFileSync(`/proc/${name}/smaps_rollup`, 'utf8');
      bytes += Number(/^Pss: +(\d+) kB/m.exec(rollup)?.[1] ?? 0) * 1_024;
    } catch {
      // It ended meanwhile.
    }
  }
  return {
    ownSeconds: (user + system) / 1e6,
    serverSeconds: ticks / TICKS_PER_SECOND,
    ownBytes: process.memoryUsage.rss(),
    serverBytes: bytes,
  };
}

/** Reads every few seconds, says how it goes, and keeps the most that was held. */
export class Watch {
  ownBytesMax = 0;
  serverBytesMax = 0;
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly pid: number,
    intervalMs: number,
    say: (reading: Reading) => void,
  ) {
    this.timer = setInterval(() => say(this.read()), intervalMs);
  }

  read(): Reading {
    const reading = readMachine(this.pid);
    this.ownBytesMax = Math.max(this.ownBytesMax, reading.ownBytes);
    this.serverBytesMax = Math.max(this.serverBytesMax, reading.serverBytes);
    return reading;
  }

  stop(): void {
    clearInterval(this.timer);
  }
}
