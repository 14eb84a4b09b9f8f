import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isPortTaken } from '#embedded';
import { until } from '#testing';

/** `cluster.json`, as far as tests read it. */
export interface ClusterFile {
  readonly hubs: readonly {
    readonly name: string;
    readonly pid: number | null;
    readonly leader: boolean;
    readonly ports: Readonly<
      Record<
        'smtp' | 'submission' | 'submissions' | 'imap' | 'imaps' | 'pop3' | 'pop3s' | 'managesieve' | 'http' | 'https',
        number
      >
    >;
  }[];
  readonly nodes: readonly {
    readonly name: string;
    readonly pid: number | null;
    readonly state: 'active' | 'standby' | 'down';
    readonly volumes: readonly string[];
  }[];
  readonly api: { readonly pid: number; readonly url: string };
  readonly billing: { readonly pid: number };
  readonly postgres: { readonly url: string };
  readonly redis: { readonly url: string };
  readonly operator: { readonly email: string; readonly password: string; readonly apiKey: string };
  readonly demo: {
    readonly partner: string;
    readonly apiKey: string;
    readonly domain: string;
    readonly users: readonly { readonly email: string; readonly password: string }[];
  };
}

const SUPERVISOR = fileURLToPath(new URL('../../apps/supervisor/main.js', import.meta.url));
const CLI = fileURLToPath(new URL('../../apps/cli/main.js', import.meta.url));
const START_TIMEOUT_MS = 120_000;

/** A whole cluster as `npm start` runs it, on ports and in a directory of its own. */
export class EmbeddedCluster {
  private output = '';

  private constructor(
    private readonly child: ChildProcess,
    readonly directory: string,
    private readonly ownsDirectory: boolean,
    private readonly releasePorts: () => void,
  ) {
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => (this.output += text));
  }

  /** `services`: PostgreSQL and Redis of the test's own, so that it can take them away; embedded ones otherwise. `relayHost`: where mail for the world goes. */
  static async start(
    args: readonly string[] = [],
    services: { readonly postgresUrl?: string; readonly redisUrl?: string; readonly relayHost?: string } = {},
    directory?: string,
  ): Promise<EmbeddedCluster> {
    const data = directory ?? mkdtempSync(join(tmpdir(), 'rookery-cluster-'));
    const { base, release } = await claimBase();
    const child = spawn(process.execPath, [SUPERVISOR, '--data', data, '--port-base', String(base), ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        DATABASE_URL: services.postgresUrl,
        REDIS_URL: services.redisUrl,
        ...(services.relayHost === undefined ? {} : { ROOKERY_RELAY_HOST: services.relayHost }),
      },
    });
    const cluster = new EmbeddedCluster(child, data, directory === undefined, release);
    await until('the cluster to be ready', () => cluster.isReady(), START_TIMEOUT_MS).catch(async (error) => {
      await cluster.stop();
      throw new Error(`${(error as Error).message}\n${cluster.output}`);
    });
    return cluster;
  }

  /** Read anew each time: it follows the process table. */
  get file(): ClusterFile {
    return JSON.parse(readFileSync(this.path, 'utf8')) as ClusterFile;
  }

  get path(): string {
    return join(this.directory, 'cluster.json');
  }

  get said(): string {
    return this.output;
  }

  log(member: string): string {
    return readFileSync(join(this.directory, 'logs', `${member}.log`), 'utf8');
  }

  /** `rookery …` with `--json`, parsed. */
  async cli(...args: readonly string[]): Promise<unknown> {
    const child = spawn(process.execPath, [CLI, ...args, '--cluster', this.path, '--json'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    let errors = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
    const code = await new Promise((resolve) => child.once('close', resolve));
    if (code !== 0) throw new Error(`rookery ${args.join(' ')}: exit ${code}: ${errors || out}`);
    return JSON.parse(out);
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const exited = new Promise((resolve) => this.child.once('exit', resolve));
      this.child.kill('SIGTERM');
      await exited;
    }
    this.releasePorts();
    if (this.ownsDirectory) rmSync(this.directory, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  private isReady(): boolean {
    if (this.child.exitCode !== null) throw new Error(`npm start ended with ${this.child.exitCode}`);
    return /^ready/m.test(this.output) && existsSync(this.path);
  }
}

/**
 * Where test clusters listen: above what `freePort` gives, below the ports of outgoing connections, without 10,080, which
 * `fetch` refuses. Each hub takes a thousand.
 */
const BASES = { first: 10_500, count: 7, room: 3_000 };

/** PostgreSQL, Redis, a hub, a node. */
const USED_FIRST = [432, 379, 25, 701];

/** A port base of one's own for as long as the claim is held: the base itself, which no service uses, is listened on. */
async function claimBase(): Promise<{ readonly base: number; release(): void }> {
  const start = randomInt(BASES.count);
  for (let step = 0; step < BASES.count; step++) {
    const base = BASES.first + ((start + step) % BASES.count) * BASES.room;
    const server = createServer();
    const claimed = await new Promise<boolean>((resolve) =>
      server.once('error', () => resolve(false)).listen(base, '127.0.0.1', () => resolve(true)),
    );
    // A cluster whose test ended badly may still be there for a while.
    const left = claimed && (await Promise.all(USED_FIRST.map((offset) => isPortTaken(base + offset)))).includes(true);
    if (claimed && !left) return { base, release: () => server.close() };
    server.close();
  }
  throw new Error('every port range for a test cluster is taken');
}
