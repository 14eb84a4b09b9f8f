import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { endLeftover, endProcess, type ServiceProcess, spawnLogged, waitUntilUp } from './service-process.ts';

export interface RedisOptions {
  readonly directory: string;
  readonly port: number;
  readonly logFile: string;
  /** Told what takes long. */
  readonly onProgress?: (text: string) => void;
}

/** Starts the system's Redis or Valkey, installed through apt when it is missing and this is root on Debian. */
export async function startRedis(options: RedisOptions): Promise<ServiceProcess> {
  const binary = findServer() ?? installServer(options.onProgress ?? (() => {}));
  mkdirSync(options.directory, { recursive: true });
  const pidFile = join(options.directory, 'redis.pid');
  if (existsSync(pidFile)) await endLeftover(Number(readFileSync(pidFile, 'utf8')), `:${options.port}`);
  const args = [
    '--port',
    String(options.port),
    '--bind',
    '127.0.0.1',
    '--dir',
    options.directory,
    '--pidfile',
    pidFile,
    '--daemonize',
    'no',
    '--appendonly',
    'yes',
    '--save',
    '',
    // BullMQ: evicting a key would lose a job.
    '--maxmemory-policy',
    'noeviction',
  ];
  const child = spawnLogged(binary, args, { logFile: options.logFile });
  await waitUntilUp(child, 'Redis', options.logFile, () => answersPing(options.port));
  return {
    url: `redis://127.0.0.1:${options.port}`,
    pid: child.pid ?? 0,
    exited: new Promise((resolve) => child.once('exit', () => resolve())),
    stop: () => endProcess(child, 'SIGTERM'),
  };
}

const findServer = (): string | undefined =>
  ['redis-server', 'valkey-server'].find((name) => spawnSync(name, ['--version']).status === 0);

function installServer(say: (text: string) => void): string {
  const hasApt = spawnSync('apt-get', ['--version']).status === 0;
  if (!hasApt || process.getuid?.() !== 0) {
    throw new Error(
      'Redis is missing. Install redis-server or valkey-server (Debian, Ubuntu: apt install redis-server), or set REDIS_URL.',
    );
  }
  say('Installing redis-server (apt-get) …');
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  // policy-rc.d style: the package must not start a service of its own.
  const install = (): number | null =>
    spawnSync('apt-get', ['install', '-y', '--no-install-recommends', 'redis-server'], {
      env: { ...environment, RUNLEVEL: '1' },
    }).status;
  if (install() !== 0) {
    spawnSync('apt-get', ['update'], { env: environment });
    if (install() !== 0)
      throw new Error('apt-get could not install redis-server: install it yourself, or set REDIS_URL.');
  }
  const found = findServer();
  if (!found) throw new Error('redis-server was installed but does not run.');
  return found;
}

function answersPing(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    socket.on('connect', () => socket.write('PING\r\n'));
    socket.on('data', (data) => {
      socket.destroy();
      resolve(data.toString().startsWith('+PONG'));
    });
    socket.on('error', () => resolve(false));
  });
}
