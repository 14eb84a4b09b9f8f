import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureDatabase } from '#embedded';
import { type Gluster, startGluster, until } from '#testing';
import type { Door } from '../lines.ts';
import { rest } from '../rest.ts';
import { entry, Machine, STATUS } from './machine.ts';
import { Network } from './network.ts';

export interface NetworkedUser {
  readonly email: string;
  readonly password: string;
  /** Name of its volume. */
  readonly volume: string;
}

/** `rookery cluster status`, as far as it is read here. */
export interface Status {
  readonly hubs: readonly { readonly name: string; readonly state: string; readonly leader: boolean }[];
  readonly nodes: readonly { readonly name: string; readonly state: string }[];
  readonly volumes: readonly {
    readonly id: string;
    readonly name: string;
    readonly state: string;
    readonly owner: string | null;
    readonly epoch: number;
  }[];
}

const POSTGRES_PORT = 5432;
const REDIS_PORT = 6379;
const API_PORT = 2600;
const DOMAIN = 'cuts.example';
const SMTP_PORT = 2025;
const IMAP_PORT = 2143;
/** Of machines with nothing but one program. */
const SERVICES = ['postgres', 'redis', 'api'];
const STORAGE = 'storage';

/** How soon GlusterFS lets go of the locks of a client that is silent: its default is 42 s. Seconds. */
const STORAGE_SETTINGS = {
  'server.tcp-user-timeout': '10',
  'server.keepalive-time': '3',
  'server.keepalive-interval': '1',
  'server.keepalive-count': '3',
};

export interface NetworkedClusterSize {
  readonly hubs: number;
  /** The last of them starts as the standby. */
  readonly nodes: number;
  readonly volumes: number;
  readonly usersPerVolume: number;
  /** Volumes are on a GlusterFS server on a machine of its own, and each node mounts them over the network for itself. */
  readonly gluster?: boolean;
}

/**
 * A cluster as it would be on machines of its own: each hub and node, PostgreSQL, Redis and the API in a network namespace,
 * set up as the compose file of docker/ does it. Without GlusterFS the storage is shared through this machine's file system: a node
 * that is cut off still holds its locks.
 */
export class NetworkedCluster implements AsyncDisposable {
  readonly users: NetworkedUser[] = [];
  private clusterId = '';
  private gluster: Gluster | undefined;
  private apiKey = '';

  private constructor(
    readonly network: Network,
    private readonly directory: string,
    private readonly machines: Map<string, Machine>,
    private readonly size: NetworkedClusterSize,
  ) {}

  static async start(size: NetworkedClusterSize): Promise<NetworkedCluster> {
    const names = [...servicesOf(size), ...numbered('hub', size.hubs), ...numbered('node', size.nodes)];
    const network = await Network.create(names);
    const directory = mkdtempSync(join(tmpdir(), 'rookery-network-'));
    chmodSync(directory, 0o755);
    const cluster = new NetworkedCluster(network, directory, new Map(), size);
    try {
      await cluster.bringUp();
      return cluster;
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
  }

  get hubs(): readonly string[] {
    return numbered('hub', this.size.hubs);
  }

  get nodes(): readonly string[] {
    return numbered('node', this.size.nodes);
  }

  /** As `rest`, `doubleOwners` and `doubleLeaders` want it. */
  get file() {
    return {
      api: { url: `http://${this.network.host('api').address}:${API_PORT}` },
      operator: { apiKey: this.apiKey },
      hubs: this.hubs.map((name) => ({ name })),
      nodes: this.nodes.map((name) => ({ name })),
    };
  }

  get services(): readonly string[] {
    return servicesOf(this.size);
  }

  /** kill -9 of a node's worker; its machine starts it again. */
  async kill(node: string): Promise<void> {
    const { worker } = JSON.parse(await this.machine(node).said()) as { worker: number };
    process.kill(worker, 'SIGKILL');
  }

  log(member: string): string {
    return this.machine(member).log();
  }

  imap(hub: string): Door {
    return { host: this.network.host(hub).address, port: IMAP_PORT };
  }

  smtp(hub: string): Door {
    return { host: this.network.host(hub).address, port: SMTP_PORT };
  }

  status(): Promise<Status> {
    return rest<Status>(this, 'GET', `/clusters/${this.clusterId}/status`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const stop = (names: readonly string[]): Promise<unknown> =>
      Promise.all(names.map((name) => this.machines.get(name)?.stop()));
    await stop(this.hubs);
    await stop([...this.nodes, 'api']);
    await stop(['postgres', 'redis']);
    await this.gluster?.stop();
    await this.network[Symbol.asyncDispose]();
    rmSync(this.directory, { recursive: true, force: true });
  }

  private async bringUp(): Promise<void> {
    for (const name of ['logs', 'members', 'volumes', 'redis']) mkdirSync(join(this.directory, name));
    const services = await this.startServices();
    await this.startStorage();
    const seal = randomBytes(32).toString('hex');
    const tokens = join(this.directory, 'tokens');
    await this.provision(services.DATABASE_URL, seal, tokens);
    const secrets = readFileSync(join(this.directory, 'secrets', 'secrets.json'), 'utf8');
    this.apiKey = (JSON.parse(secrets) as { operator: { apiKey: string } }).operator.apiKey;
    const api = this.add('api', [process.execPath, entry('apps/api/main.js')], {
      ...services,
      ROOKERY_SEAL_KEY: seal,
      ROOKERY_API_PORT: String(API_PORT),
    });
    for (const hub of this.hubs) this.addMember(hub, 'apps/hub/main.js', services, tokens);
    for (const node of this.nodes) this.addMember(node, 'apps/node/watchdog.js', services, tokens);
    await api.ready();
    const members = [...this.hubs, ...this.nodes].map((name) => this.machine(name));
    for (const member of members) member.start();
    await Promise.all(members.map((member) => member.ready()));
    await this.createVolumes();
    await this.createUsers();
    await until('every volume to be served', async () => this.isServed(await this.status()), 30_000);
  }

  /** Every volume is. */
  isServed({ volumes }: Status): boolean {
    return volumes.every(({ state }) => state === 'serving');
  }

  private async startServices(): Promise<{ DATABASE_URL: string; REDIS_URL: string }> {
    const [postgres, redis] = [this.network.host('postgres'), this.network.host('redis')];
    const server = [process.execPath, entry('conformance/cluster/network/postgres-machine.js')];
    const database = this.add('postgres', [...server, join(this.directory, 'postgres'), String(POSTGRES_PORT)], {});
    const where = ['--port', String(REDIS_PORT), '--bind', '0.0.0.0', '--dir', join(this.directory, 'redis')];
    const policy = ['--protected-mode', 'no', '--save', '', '--maxmemory-policy', 'noeviction'];
    this.add('redis', ['redis-server', ...where, ...policy], {});
    const url = new URL(await database.said());
    url.hostname = postgres.address;
    return {
      DATABASE_URL: await ensureDatabase(url.href, 'rookery'),
      REDIS_URL: `redis://${redis.address}:${REDIS_PORT}`,
    };
  }

  private async startStorage(): Promise<void> {
    if (!this.size.gluster) return;
    const directory = join(this.directory, STORAGE);
    mkdirSync(directory);
    const started = await startGluster({
      directory,
      host: this.network.host(STORAGE).address,
      volumes: this.volumes,
      on: this.network.on(STORAGE),
      settings: STORAGE_SETTINGS,
    });
    if (typeof started === 'string') throw new Error(started);
    this.gluster = started;
  }

  /** Those of the network storage; local ones are provisioned. */
  private async createVolumes(): Promise<void> {
    const [cluster] = (await rest<{ items: readonly { id: string }[] }>(this, 'GET', '/clusters')).items;
    this.clusterId = cluster?.id ?? '';
    if (!this.size.gluster) return;
    for (const [index, name] of this.volumes.entries()) {
      const args = [`${this.network.host(STORAGE).address}:/${name}`];
      const mount = { driver: 'glusterfs', path: join(this.directory, 'volumes', name), args };
      const preferredNode = this.nodes[index % this.nodes.length];
      await rest(this, 'POST', `/clusters/${this.clusterId}/volumes`, { name, mount, preferredNode });
    }
  }

  private get volumes(): readonly string[] {
    return numbered('volume', this.size.volumes);
  }

  private async provision(databaseUrl: string, seal: string, tokens: string): Promise<void> {
    const volume = (name: string): string => `${name}=${join(this.directory, 'volumes', name)}`;
    const child = spawn(process.execPath, [entry('apps/supervisor/provision.js')], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: {
        ...process.env,
        DATABASE_URL: databaseUrl,
        ROOKERY_HUBS: this.hubs.join(','),
        ROOKERY_NODES: this.nodes.join(','),
        ROOKERY_VOLUMES: (this.size.gluster ? ['none'] : this.volumes).map(volume).join(','),
        ROOKERY_MEMBERS_DIR: join(this.directory, 'members'),
        ROOKERY_TOKENS_DIR: tokens,
        ROOKERY_SECRETS_DIR: join(this.directory, 'secrets'),
        ROOKERY_JOIN_HOST: this.network.host('api').address,
        ROOKERY_SEAL_KEY: seal,
      },
    });
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
    const code = await new Promise((resolve) => child.once('close', resolve));
    if (code !== 0) throw new Error(`provision: exit ${code}: ${errors}`);
  }

  private addMember(name: string, program: string, services: Readonly<Record<string, string>>, tokens: string): void {
    const token =
      readFileSync(join(tokens, `${name}.env`), 'utf8')
        .split('=')[1]
        ?.trim() ?? '';
    const shared = { ...services, ROOKERY_JOIN_TOKEN: token, ROOKERY_STATE_DIR: join(this.directory, 'members', name) };
    const own = name.startsWith('hub')
      ? { ROOKERY_HUB_NAME: name, ROOKERY_PLAIN_LOGIN: 'true' }
      : { ROOKERY_NODE_NAME: name, ROOKERY_CONTROL_PORT: '7701', ROOKERY_DATA_PORT: '7702' };
    // What one machine mounts, the others do not see.
    const alone = this.size.gluster ? ['unshare', '--mount', '--propagation', 'private'] : [];
    this.machines.set(name, this.make(name, [...alone, process.execPath, entry(program)], { ...shared, ...own }, true));
  }

  private add(name: string, command: readonly string[], environment: Readonly<Record<string, string>>): Machine {
    const machine = this.make(name, command, environment, false);
    this.machines.set(name, machine);
    machine.start();
    return machine;
  }

  private make(
    name: string,
    command: readonly string[],
    environment: Readonly<Record<string, string>>,
    restart: boolean,
  ): Machine {
    const host = this.network.host(name);
    return new Machine(this.network, host, {
      command,
      environment: { ROOKERY_HOST: host.address, ...STATUS, ...environment },
      logFile: join(this.directory, 'logs', `${name}.log`),
      restart,
    });
  }

  private async createUsers(): Promise<void> {
    await rest(this, 'POST', '/partners', { slug: 'cuts', name: 'Cuts' });
    await rest(this, 'POST', '/domains', { name: DOMAIN, partner: 'cuts', cluster: this.clusterId });
    const { volumes } = await this.status();
    for (const { id, name } of volumes.filter((volume) => this.volumes.includes(volume.name))) {
      for (let number = 1; number <= this.size.usersPerVolume; number++) {
        const user = { email: `user-${number}-${name}@${DOMAIN}`, password: randomBytes(9).toString('hex') };
        await rest(this, 'POST', '/accounts', { ...user, volume: id });
        this.users.push({ ...user, volume: name });
      }
    }
  }

  private machine(name: string): Machine {
    const machine = this.machines.get(name);
    if (!machine) throw new Error(`no machine ${name}`);
    return machine;
  }
}

const servicesOf = ({ gluster }: NetworkedClusterSize): readonly string[] =>
  gluster ? [...SERVICES, STORAGE] : SERVICES;

const numbered = (role: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${role}-${index + 1}`);
