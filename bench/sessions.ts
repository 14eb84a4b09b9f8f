import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { parseArgs } from 'node:util';
import { TestAuthority } from '#testing';
import type { NodeFigures } from './imap/node.ts';
import { hasNginxMail, nginxMail } from './splice/nginx.ts';

// Memory and processor time of idle IMAP sessions, in a hub and in its node apart, beside nginx's mail module, in one run:
//   npm run bench -- sessions [--plain N] [--tls N]
// Each has signed in, selected its INBOX and begun IDLE. Resident memory after a collection, less that before them.
const { values } = parseArgs({
  options: { plain: { type: 'string', default: '4000' }, tls: { type: 'string', default: '4000' } },
});
const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK']).toString());
const directory = mkdtempSync(join(tmpdir(), 'rookery-sessions-'));
const authority = await TestAuthority.create('bench');
for (const role of ['hub', 'node'] as const)
  writeFileSync(join(directory, `${role}.json`), JSON.stringify(await authority.credentials(role, role)));
/** So many first: what the first connections load, and what V8's young generation grows to, is not theirs. */
const FIRST = 1_000;
/** nginx has two descriptors a session, and often 20,000 in all. */
const NGINX_MAX = 8_000;
type How = 'plain' | 'tls';

interface Started {
  readonly child: ChildProcess;
  line(): Promise<string>;
}

function start(script: string, ...args: string[]): Started {
  const child = spawn(process.execPath, ['--expose-gc', join(import.meta.dirname, script), ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout });
  return { child, line: () => nextLine(lines) };
}

const nextLine = async (lines: Interface): Promise<string> => ((await once(lines, 'line')) as [string])[0];

async function memory({ child, line }: Started): Promise<number> {
  // Twice: what a first collection queues to be freed is gone at the second.
  for (let i = 0; ; i++) {
    child.stdin?.write('\n');
    const { rssBytes: bytes } = JSON.parse(await line()) as Pick<NodeFigures, 'rssBytes'>;
    if (i === 1) return bytes;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

const residentBytes = (pid: number): number => Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * 4_096;

function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Opens so many, in the background; resolves when all are idle. */
async function hold(port: number, count: number, how: How, user: 'bench' | 'any'): Promise<ChildProcess> {
  const holder = start('splice/holder.js', String(port), String(count), how, user);
  await holder.line();
  return holder.child;
}

const kib = (bytes: number): string => `${(bytes / 1_024).toFixed(1)} KiB`;

async function hubAndNode(how: How, count: number): Promise<void> {
  const nodeDirectory = mkdtempSync(join(directory, 'node-'));
  copyFileSync(join(directory, 'node.json'), join(nodeDirectory, 'node.json'));
  const node = start('imap/node.js', nodeDirectory);
  const [dataPort = ''] = (await node.line()).split(' ');
  const hub = start('login/front.js', dataPort, '1', directory);
  const [plain = '', tls = ''] = (await hub.line()).split(' ');
  const port = Number(how === 'tls' ? tls : plain);
  const first = await hold(port, FIRST, how, 'bench');
  const before = [await memory(hub), await memory(node)] as const;
  const cpuBefore = cpuSeconds(hub.child.pid!);
  const holder = await hold(port, count, how, 'bench');
  const cpu = cpuSeconds(hub.child.pid!) - cpuBefore;
  const after = [await memory(hub), await memory(node)] as const;
  const idleFrom = cpuSeconds(hub.child.pid!);
  await new Promise((resolve) => setTimeout(resolve, 10_000));
  const idle = cpuSeconds(hub.child.pid!) - idleFrom;
  console.log(
    `${count} idle sessions, ${how}: hub ${kib((after[0] - before[0]) / count)} each (${(after[0] / 1_048_576).toFixed(0)} MB in all), ` +
      `node ${kib((after[1] - before[1]) / count)} each; hub ${((cpu / count) * 1e6).toFixed(0)} µs of CPU to begin one, ${(idle * 10).toFixed(1)} % of a core while all are idle`,
  );
  for (const child of [first, holder, hub.child, node.child]) child.kill();
}

async function nginx(how: How, count: number): Promise<void> {
  const source = start('splice/source.js', 'imap', 'answer');
  const port = Number(await source.line());
  const files = { certificate: join(directory, 'nginx.pem'), key: join(directory, 'nginx.key') };
  const { certificate, key } = await authority.credentials('node', 'nginx');
  writeFileSync(files.certificate, certificate);
  writeFileSync(files.key, key);
  const middle = await nginxMail(port, count + FIRST, how === 'tls' ? files : undefined);
  const first = await hold(middle.port, FIRST, how, 'any');
  const before = residentBytes(middle.pid);
  const holder = await hold(middle.port, count, how, 'any');
  console.log(
    `${count} idle sessions, ${how}: nginx mail ${kib((residentBytes(middle.pid) - before) / count)} each, its legs in the clear`,
  );
  for (const child of [first, holder, source.child]) child.kill();
  middle.stop();
}

try {
  for (const how of ['plain', 'tls'] as const) {
    const count = Number(values[how]);
    if (count === 0) continue;
    await hubAndNode(how, count);
    if (hasNginxMail) await nginx(how, Math.min(count, NGINX_MAX));
    else console.log('nginx’s mail module is not installed.');
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
process.exit();
