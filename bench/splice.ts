import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { TestAuthority } from '#testing';
import { openClient } from './splice/client.ts';
import { hasNginxMail, hasNginxStream, type Middle, nginxMail, nginxStream } from './splice/nginx.ts';

// A hub with its legs as they run (mutual TLS to the node) beside nginx and a bare pipe of Node's, in one run:
//   npm run bench -- splice [--megabytes N] [--rounds N] [--commands N]
// Throughput is counted in bytes per second of the middle process's own CPU time: what one core carries, whatever else this
// machine does. nginx: its stream module in the clear and, as the hub does, under TLS to its target; its mail module.
const { values } = parseArgs({
  options: {
    megabytes: { type: 'string', default: '512' },
    rounds: { type: 'string', default: '3' },
    commands: { type: 'string', default: '3000' },
  },
});
const BYTES = Number(values.megabytes) * 1_048_576;
const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK']).toString());
const directory = mkdtempSync(join(tmpdir(), 'rookery-splice-'));
const authority = await TestAuthority.create('bench');
for (const role of ['hub', 'node'] as const)
  writeFileSync(join(directory, `${role}.json`), JSON.stringify(await authority.credentials(role, role)));

type Kind = 'direct' | 'pipe' | 'hub' | 'nginx' | 'nginx+tls' | 'nginx mail';
const kinds: Kind[] = ['pipe', 'hub'];
if (hasNginxStream) kinds.push('nginx', 'nginx+tls');
if (hasNginxMail) kinds.push('nginx mail');
if (!hasNginxStream || !hasNginxMail) console.log('Without nginx’s stream and mail modules there is no ratio to it.');

/** How a source is spoken to from each. */
const SPOKEN: Readonly<Record<Kind, string>> = {
  direct: 'raw',
  pipe: 'raw',
  hub: 'node',
  nginx: 'raw',
  'nginx+tls': 'tls',
  'nginx mail': 'imap',
};

async function start(script: string, ...args: string[]): Promise<Middle> {
  const child = spawn(process.execPath, [join(import.meta.dirname, script), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return { port: Number.parseInt(line, 10), pid: child.pid!, stop: () => child.kill() };
}

function middleOf(kind: Kind, source: Middle): Middle | Promise<Middle> {
  if (kind === 'direct') return source;
  if (kind === 'pipe') return start('splice/pipe.js', String(source.port));
  if (kind === 'hub') return start('login/front.js', String(source.port), '1', directory);
  return kind === 'nginx mail' ? nginxMail(source.port, 64) : nginxStream(source.port, kind === 'nginx+tls');
}

/** Source and middle of a kind, and a client's connection through them. */
async function through<T>(kind: Kind, job: string, work: (client: Socket, middle: Middle) => Promise<T>): Promise<T> {
  const source = await start('splice/source.js', SPOKEN[kind], job, String(BYTES), directory);
  const middle = await middleOf(kind, source);
  const client = await openClient({ port: middle.port, login: kind === 'hub' || kind === 'nginx mail' });
  try {
    return await work(client, middle);
  } finally {
    client.destroy();
    middle.stop();
    source.stop();
  }
}

function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Node → client (a large FETCH): bytes per CPU second of the middle. */
const download = (kind: Kind): Promise<number> =>
  through(kind, 'say', async (client, middle) => {
    const before = cpuSeconds(middle.pid);
    let bytes = 0;
    client.on('data', (chunk: Buffer) => (bytes += chunk.length)).resume();
    client.write('a FETCH 1 BODY[]\r\n');
    while (bytes < BYTES) await once(client, 'data');
    return bytes / (cpuSeconds(middle.pid) - before);
  });

/** Client → node (a large APPEND). */
const upload = (kind: Kind): Promise<number> =>
  through(kind, 'swallow', async (client, middle) => {
    const before = cpuSeconds(middle.pid);
    client.write(`a APPEND x {${BYTES * 2}+}\r\n`);
    const piece = Buffer.alloc(65_536, 0x61);
    const done = once(client, 'data');
    client.resume();
    for (let sent = 0; sent < BYTES; sent += piece.length) if (!client.write(piece)) await once(client, 'drain');
    await done;
    return BYTES / (cpuSeconds(middle.pid) - before);
  });

/** A command and its answer, one after the other. */
async function command(kind: Kind): Promise<{ readonly ms: number; readonly cpuMicroseconds: number }> {
  return through(kind, 'answer', async (client, middle) => {
    const before = cpuSeconds(middle.pid);
    const times: number[] = [];
    client.resume();
    for (let i = 0; i < Number(values.commands); i++) {
      const from = performance.now();
      client.write('a NOOP\r\n');
      await once(client, 'data');
      times.push(performance.now() - from);
    }
    const cpu = cpuSeconds(middle.pid) - before;
    return { ms: middleOfList(times), cpuMicroseconds: (cpu / times.length) * 1e6 };
  });
}

/** The same beside a client that reads a large answer all the time, through the same middle. */
async function commandBeside(kind: Kind): Promise<{ readonly p50: number; readonly p99: number }> {
  return through(kind, 'mixed', async (client, middle) => {
    const reader = await openClient({ port: middle.port, login: kind === 'hub' || kind === 'nginx mail' });
    let bytes = 0;
    reader.on('data', (chunk: Buffer) => (bytes += chunk.length)).resume();
    reader.write('a FETCH 1 BODY[]\r\n');
    const times: number[] = [];
    client.resume();
    while (bytes < BYTES) {
      const from = performance.now();
      client.write('a NOOP\r\n');
      await once(client, 'data');
      times.push(performance.now() - from);
    }
    reader.destroy();
    const sorted = times.toSorted((a, b) => a - b);
    return { p50: sorted[sorted.length >> 1]!, p99: sorted[Math.floor(sorted.length * 0.99)]! };
  });
}

const middleOfList = (list: readonly number[]): number => list.toSorted((a, b) => a - b)[list.length >> 1]!;

/** Rounds of all kinds in turn, so that what else the machine does meets each. */
async function rounds<T>(measure: (kind: Kind) => Promise<T>, of: readonly Kind[]): Promise<Map<Kind, T[]>> {
  const all = new Map(of.map((kind): [Kind, T[]] => [kind, []]));
  for (let round = 0; round < Number(values.rounds); round++)
    for (const kind of of) all.get(kind)!.push(await measure(kind));
  return all;
}

try {
  for (const [what, measure] of [
    ['node → client', download],
    ['client → node', upload],
  ] as const) {
    const rates = new Map([...(await rounds(measure, kinds))].map(([kind, list]) => [kind, middleOfList(list)]));
    console.log(`${what}, MB per CPU second of the middle:`);
    for (const [kind, rate] of rates)
      console.log(
        `  ${kind.padEnd(11)} ${(rate / 1_048_576).toFixed(0).padStart(6)}   the hub is ${(rates.get('hub')! / rate).toFixed(2)}×`,
      );
  }
  const commands = await rounds(command, ['direct', ...kinds]);
  const direct = middleOfList(commands.get('direct')!.map(({ ms }) => ms));
  console.log('a command and its answer, median:');
  for (const [kind, list] of commands) {
    const ms = middleOfList(list.map(({ ms }) => ms));
    const cpu = middleOfList(list.map(({ cpuMicroseconds }) => cpuMicroseconds));
    console.log(
      `  ${kind.padEnd(11)} ${ms.toFixed(3)} ms, adds ${(ms - direct).toFixed(3)} ms${kind === 'direct' ? '' : `, ${cpu.toFixed(0)} µs of CPU`}`,
    );
  }
  console.log('a command beside a client that reads a large answer:');
  for (const [kind, list] of await rounds(commandBeside, ['direct', ...kinds])) {
    const [p50, p99] = [middleOfList(list.map((one) => one.p50)), middleOfList(list.map((one) => one.p99))];
    console.log(`  ${kind.padEnd(11)} p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms`);
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
process.exit();
