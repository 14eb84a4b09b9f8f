import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';

// The hub's splice beside a bare pipe of Node's and nginx's stream module, in one run:
//   npm run bench -- splice [--megabytes N] [--rounds N] [--commands N]
// Throughput is counted in bytes per second of the middle process's own CPU time: what one core carries, whatever else
// this machine does. nginx: $NGINX or the system's, with its stream module ($NGINX_STREAM_MODULE when it is loadable).
const { values } = parseArgs({
  options: {
    megabytes: { type: 'string', default: '1024' },
    rounds: { type: 'string', default: '3' },
    commands: { type: 'string', default: '5000' },
  },
});
const BYTES = Number(values.megabytes) * 1_048_576;
const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK']).toString());
const nginx = process.env['NGINX'] ?? 'nginx';
const hasNginx = spawnSync(nginx, ['-v']).error === undefined;

type Kind = 'direct' | 'pipe' | 'hub' | 'nginx';
const kinds: readonly Kind[] = ['pipe', 'hub', ...(hasNginx ? (['nginx'] as const) : [])];
if (!hasNginx) console.log('nginx is not installed: no ratio to it.');

interface Started {
  readonly port: number;
  readonly pid: number;
  stop(): void;
}

async function start(script: string, ...args: string[]): Promise<Started> {
  const child = spawn(process.execPath, [join(import.meta.dirname, script), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return { port: Number(line), pid: child.pid!, stop: () => child.kill() };
}

async function startNginx(source: number): Promise<Started> {
  const directory = mkdtempSync(join(tmpdir(), 'rookery-nginx-'));
  const port = 20_000 + Math.floor(Math.random() * 20_000);
  const module = process.env['NGINX_STREAM_MODULE'];
  writeFileSync(
    join(directory, 'nginx.conf'),
    `${module ? `load_module ${module};\n` : ''}daemon off; master_process off; pid ${directory}/pid; error_log ${directory}/log;
events { worker_connections 64; }
stream { server { listen 127.0.0.1:${port}; proxy_pass 127.0.0.1:${source}; proxy_buffer_size 64k; tcp_nodelay on; } }\n`,
  );
  const child: ChildProcess = spawn(nginx, ['-c', join(directory, 'nginx.conf'), '-p', directory], { stdio: 'ignore' });
  for (let tries = 0; ; tries++) {
    const socket = connect(port, '127.0.0.1');
    const opened = await new Promise((resolve) =>
      socket.on('connect', () => resolve(true)).on('error', () => resolve(false)),
    );
    socket.destroy();
    if (opened) break;
    if (tries > 100) throw new Error(`nginx did not start: ${readFileSync(join(directory, 'log'), 'utf8')}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const stop = (): void => {
    child.kill();
    rmSync(directory, { recursive: true, force: true });
  };
  return { port, pid: child.pid!, stop };
}

/** Source and middle of a kind, and a client's connection through them. */
async function through<T>(kind: Kind, job: string, work: (client: Socket, middle: Started) => Promise<T>): Promise<T> {
  const source = await start('splice/source.js', kind === 'hub' ? 'framed' : 'raw', job, String(BYTES));
  const middle =
    kind === 'direct'
      ? source
      : kind === 'nginx'
        ? await startNginx(source.port)
        : await start('splice/middle.js', kind, String(source.port));
  const client = connect({ port: middle.port, host: '127.0.0.1', noDelay: true });
  try {
    await once(client, 'connect');
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
    client.on('data', (chunk: Buffer) => (bytes += chunk.length));
    await Promise.race([once(client, 'end'), once(client, 'close')]);
    return bytes / (cpuSeconds(middle.pid) - before);
  });

/** Client → node (a large APPEND). */
const upload = (kind: Kind): Promise<number> =>
  through(kind, 'swallow', async (client, middle) => {
    const before = cpuSeconds(middle.pid);
    client.write(`a APPEND x {${BYTES * 2}+}\r\n`);
    const piece = Buffer.alloc(65_536, 0x61);
    const done = once(client, 'data');
    for (let sent = 0; sent < BYTES; sent += piece.length) if (!client.write(piece)) await once(client, 'drain');
    await done;
    return BYTES / (cpuSeconds(middle.pid) - before);
  });

/** A command and its answer, one after the other: median milliseconds. */
const latency = (kind: Kind): Promise<number> =>
  through(kind, 'answer', async (client) => {
    const times: number[] = [];
    for (let i = 0; i < Number(values.commands); i++) {
      const from = performance.now();
      client.write('a NOOP\r\n');
      await once(client, 'data');
      times.push(performance.now() - from);
    }
    return times.sort((a, b) => a - b)[times.length >> 1]!;
  });

async function median(measure: (kind: Kind) => Promise<number>, of: readonly Kind[]): Promise<Map<Kind, number>> {
  const all = new Map(of.map((kind): [Kind, number[]] => [kind, []]));
  for (let round = 0; round < Number(values.rounds); round++)
    for (const kind of of) all.get(kind)!.push(await measure(kind));
  return new Map([...all].map(([kind, list]) => [kind, list.sort((a, b) => a - b)[list.length >> 1]!]));
}

const megabytes = (rate: number): string => `${(rate / 1_048_576).toFixed(0)} MB per CPU second`;
const ratios = (rates: ReadonlyMap<Kind, number>): string =>
  kinds
    .filter((kind) => kind !== 'hub')
    .map((kind) => `${(rates.get('hub')! / rates.get(kind)!).toFixed(2)}× ${kind}`)
    .join(', ');

for (const [what, measure] of [
  ['node → client', download],
  ['client → node', upload],
] as const) {
  const rates = await median(measure, kinds);
  console.log(
    `${what}: ${[...rates].map(([kind, rate]) => `${kind} ${megabytes(rate)}`).join(', ')}; hub = ${ratios(rates)}`,
  );
}
const times = await median(latency, ['direct', ...kinds]);
console.log(
  `command: ${[...times].map(([kind, ms]) => `${kind} ${ms.toFixed(3)} ms`).join(', ')}; hub adds ${(times.get('hub')! - times.get('direct')!).toFixed(3)} ms at the median`,
);
