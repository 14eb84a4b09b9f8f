import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { get } from 'node:http';
import { createInterface } from 'node:readline';
import type { Clock } from '#stdx';
import { HOST } from './layout.ts';

export interface MemberOptions {
  readonly name: string;
  /** Compiled entry module. */
  readonly entry: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly statusPort: number;
  readonly logFile: string;
  /** The entry is a watchdog that says the pid of its worker on standard output. */
  readonly watchdog?: boolean;
}

/** One hub, node, API or billing process: started, watched, stopped. Its pid is the one that serves, not a watchdog's. */
export class MemberProcess {
  private child: ChildProcess | undefined;
  private servingPid: number | undefined;

  constructor(
    readonly options: MemberOptions,
    private readonly clock: Clock,
    private readonly onExit: (member: MemberProcess) => void,
  ) {}

  get name(): string {
    return this.options.name;
  }

  get pid(): number | null {
    return this.isRunning() ? (this.servingPid ?? null) : null;
  }

  isRunning(): boolean {
    return this.child !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  start(): void {
    const { entry, environment, logFile, watchdog } = this.options;
    const log = openSync(logFile, 'a');
    // Its own group: Ctrl-C reaches the supervisor alone, which stops everything in order. Standard input is a pipe whose
    // end tells the child that the supervisor is gone.
    const child = spawn(process.execPath, ['--enable-source-maps', entry], {
      stdio: ['pipe', 'pipe', log],
      detached: true,
      env: { ...process.env, NODE_NO_WARNINGS: '1', ROOKERY_SUPERVISED: '1', ...environment },
    });
    closeSync(log);
    this.child = child;
    this.servingPid = watchdog ? undefined : child.pid;
    const lines = createInterface({ input: child.stdout! });
    lines.on('line', (line) => {
      const worker = watchdog ? /"worker":(\d+)/.exec(line)?.[1] : undefined;
      if (worker) this.servingPid = Number(worker);
    });
    child.once('exit', () => this.onExit(this));
  }

  /** Resolves when /readyz says yes; throws with the end of the log when the process ends first or time runs out. */
  async ready(timeoutMs: number): Promise<void> {
    const deadline = this.clock.monotonic() + timeoutMs;
    let reason = 'no answer';
    while (this.clock.monotonic() < deadline) {
      if (!this.isRunning())
        throw new Error(`${this.name} ended while starting. The end of its log:\n${this.logTail()}`);
      const answer = await readiness(this.options.statusPort);
      if (answer.ready && this.pid !== null) return;
      reason = answer.reason;
      await this.clock.sleep(50);
    }
    throw new Error(
      `${this.name} is not ready after ${timeoutMs / 1000} s: ${reason}. The end of its log:\n${this.logTail()}`,
    );
  }

  async stop(graceMs = 10_000): Promise<void> {
    const { child } = this;
    if (!child || !this.isRunning()) return;
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill('SIGTERM');
    const timer = this.clock.after(graceMs, () => {
      if (this.servingPid) tryKill(this.servingPid);
      child.kill('SIGKILL');
    });
    await exited;
    timer.cancel();
  }

  private logTail(): string {
    return readFileSync(this.options.logFile, 'utf8').slice(-3_000);
  }
}

function tryKill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone already, which is what was wanted.
  }
}

function readiness(port: number): Promise<{ readonly ready: boolean; readonly reason: string }> {
  return new Promise((resolve) => {
    const request = get({ host: HOST, port, path: '/readyz', timeout: 2_000, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      response.on('end', () => resolve({ ready: response.statusCode === 200, reason: body.slice(0, 300) }));
    });
    request.on('timeout', () => request.destroy(new Error('timeout')));
    request.on('error', (error) => resolve({ ready: false, reason: error.message }));
  });
}
