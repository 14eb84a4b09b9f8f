import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from './until.ts';

/** A running GlusterFS server. */
export interface Gluster {
  stop(): Promise<void>;
}

export interface GlusterOptions {
  /** Its state, its logs and its bricks. */
  readonly directory: string;
  /** Address it listens on; bricks look for it there on its usual port. */
  readonly host: string;
  /** One brick each. */
  readonly volumes: readonly string[];
  /** Command that runs another one where the server should be: in a network namespace. */
  readonly on?: readonly string[];
  /** Options of every volume, as `gluster volume set` takes them. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** A glusterd with its bricks in directories of its own; where it cannot be had, why. */
export async function startGluster(options: GlusterOptions): Promise<Gluster | string> {
  if (process.getuid?.() !== 0) return 'needs root: a FUSE mount';
  if (!existsSync('/usr/sbin/glusterd') || !existsSync('/sbin/mount.glusterfs'))
    return 'needs the packages glusterfs-server and glusterfs-client';
  const { directory, host, volumes, on = [], settings = {} } = options;
  const at = (...names: string[]): string => join(directory, ...names);
  for (const name of ['state', 'run', ...volumes.map((volume) => `brick-${volume}`)]) mkdirSync(at(name));
  const server = {
    'working-directory': at('state'),
    'run-directory': at('run'),
    'glusterd-sockfile': at('socket'),
    'transport-type': 'socket',
    'transport.address-family': 'inet',
    'transport.socket.bind-address': host,
    'base-port': 55_910,
    'max-port': 55_990,
    'ping-timeout': 0,
  };
  const lines = Object.entries(server).map(([name, value]) => `  option ${name} ${value}`);
  writeFileSync(
    at('glusterd.vol'),
    ['volume management', '  type mgmt/glusterd', ...lines, 'end-volume', ''].join('\n'),
  );
  const files = ['-f', at('glusterd.vol'), '-l', at('glusterd.log'), '-p', at('glusterd.pid')];
  const [file = '', ...args] = [...on, '/usr/sbin/glusterd', '-N', ...files];
  const daemon = spawn(file, args, { stdio: 'ignore' });
  const ask = (...words: string[]): string =>
    run('gluster', '--mode=script', `--glusterd-sock=${at('socket')}`, ...words);
  const stop = async (): Promise<void> => {
    for (const volume of volumes)
      spawnSync('gluster', ['--mode=script', `--glusterd-sock=${at('socket')}`, 'volume', 'stop', volume, 'force']);
    if (daemon.exitCode !== null) return;
    const gone = once(daemon, 'exit');
    daemon.kill('SIGTERM');
    await gone;
  };
  try {
    await until('glusterd', () => existsSync(at('socket')) && ask('volume', 'list') !== undefined, 20_000);
    for (const volume of volumes) {
      ask('volume', 'create', volume, `${host}:${at(`brick-${volume}`)}`, 'force');
      for (const [name, value] of Object.entries(settings)) ask('volume', 'set', volume, name, value);
      ask('volume', 'start', volume);
    }
  } catch (error) {
    await stop();
    return `glusterd does not run here: ${(error as Error).message}`;
  }
  return { stop };
}

function run(executable: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(executable, args, { encoding: 'utf8', timeout: 60_000 });
  if (status !== 0) throw new Error(`${executable} ${args.join(' ')}: ${stdout}${stderr}`);
  return stdout.trim();
}
