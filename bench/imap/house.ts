import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { OpenVolumeOptions } from '#mailstore/volume';
import { TestAuthority } from '#testing';
import { CountingClient } from './client.ts';
import type { NodeFigures } from './node.ts';

/** A server under test: where it answers, and how one signs in. */
export interface Contender {
  readonly name: string;
  readonly port: number;
  login(user: 0 | 1): string;
}

export async function opened(contender: Contender, user: 0 | 1 = 0): Promise<CountingClient> {
  const client = await CountingClient.open(contender.port);
  await client.run(contender.login(user));
  return client;
}

/** A hub and a node, a process each. */
export interface House {
  readonly contender: Contender;
  /** The node without the hub, on plain sockets as the peer. */
  readonly node: Contender;
  figures(): Promise<NodeFigures>;
  stop(): void;
}

/** The node keeps its volume in `directory`, opened with these besides. */
export async function startHouse(
  directory: string,
  options: Pick<Partial<OpenVolumeOptions>, 'settings' | 'limits'> = {},
): Promise<House> {
  const authority = await TestAuthority.create('bench');
  for (const role of ['node', 'hub'] as const) {
    mkdirSync(join(directory, role), { recursive: true });
    writeFileSync(join(directory, role, `${role}.json`), JSON.stringify(await authority.credentials(role, role)));
  }
  const [node, lines, nodePorts] = await start('node.js', join(directory, 'node'), JSON.stringify(options));
  const [nodePort = '', plainPort = ''] = nodePorts.split(' ');
  const [hub, , ports] = await start('../login/front.js', nodePort, '2', join(directory, 'hub'));
  const login = (user: 0 | 1): string => `LOGIN u${user}@bench.test "password ${user}"`;
  return {
    contender: { name: 'hub + node', port: Number(ports.split(' ')[0]), login },
    node: { name: 'node', port: Number(plainPort), login },
    async figures() {
      node.stdin?.write('\n');
      const [line] = (await once(lines, 'line')) as [string];
      return JSON.parse(line) as NodeFigures;
    },
    stop() {
      hub.kill('SIGKILL');
      node.kill('SIGKILL');
    },
  };
}

async function start(script: string, ...args: string[]): Promise<[ChildProcess, Interface, string]> {
  const child = spawn(process.execPath, [join(import.meta.dirname, script), ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout! });
  const [line] = (await once(lines, 'line')) as [string];
  return [child, lines, line];
}
