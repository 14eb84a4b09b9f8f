import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { until } from '#testing';
import type { Host, Network } from './network.ts';

const RESTART_MS = 500;
const STOP_MS = 10_000;
const STATUS_PORT = 7790;

/** A compiled entry module of this repository. */
export const entry = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

export interface MachineOptions {
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly logFile: string;
  /** Started again when it ends by itself. */
  readonly restart?: boolean;
}

/** The one program of a machine. It ends when this process does: its standard input ends then. */
export class Machine {
  private child: ChildProcess | undefined;
  private stopped = false;
  private firstLine: Promise<string> | undefined;

  constructor(
    private readonly network: Network,
    readonly host: Host,
    private readonly options: MachineOptions,
  ) {}

  get name(): string {
    return this.host.name;
  }

  get isRunning(): boolean {
    return this.child !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  start(): void {
    const { command, environment, logFile, restart } = this.options;
    const [file = '', ...args] = [...this.network.on(this.name), ...command];
    const log = openSync(logFile, 'a');
    // A group of its own, so that Ctrl-C reaches only the test, which stops everything in order.
    const child = spawn(file, args, {
      stdio: ['pipe', 'pipe', log],
      detached: true,
      env: { ...process.env, NODE_NO_WARNINGS: '1', ROOKERY_SUPERVISED: '1', ...environment },
    });
    closeSync(log);
    this.child = child;
    // Without its other end, standard input may break before the exit is known.
    child.stdin?.on('error', () => {});
    const lines = createInterface({ input: child.stdout! });
    this.firstLine = once(lines, 'line').then(([line]) => String(line));
    this.firstLine.catch(() => {});
    lines.on('line', () => {});
    child.once('exit', () => {
      if (!this.stopped && restart) setTimeout(() => this.stopped || this.start(), RESTART_MS);
    });
  }

  /** What it said first on standard output. */
  async said(): Promise<string> {
    return (await this.firstLine) ?? '';
  }

  /** Resolves when /readyz says yes. */
  async ready(): Promise<void> {
    await until(`${this.name} to be ready`, () => this.isReady(), 90_000).catch((error: Error) => {
      throw new Error(`${error.message}; the end of its log:\n${this.log().slice(-3_000)}`);
    });
  }

  async isReady(): Promise<boolean> {
    if (!this.isRunning) return false;
    const url = `http://${this.host.address}:${STATUS_PORT}/readyz`;
    return fetch(url, { signal: AbortSignal.timeout(2_000) }).then(
      ({ ok }) => ok,
      () => false,
    );
  }

  log(): string {
    return readFileSync(this.options.logFile, 'utf8');
  }

  async stop(): Promise<void> {
    this.stopped = true;
    const { child } = this;
    if (!child || !this.isRunning) return;
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await gone;
    clearTimeout(timer);
  }
}

export const STATUS = { ROOKERY_STATUS_PORT: String(STATUS_PORT) };
