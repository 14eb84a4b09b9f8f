import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { connect as connectTls } from 'node:tls';
import { parseArgs } from 'node:util';
import { encodeMark } from '#protocol/handover';
import { TestAuthority } from '#testing';
import { standInForNode } from './splice/stand-in.ts';

// LOGINs a second and core: npm run bench -- login [--logins N] [--users N] [--connections N].
// Each is a new connection: greeting, LOGIN, hand-over to a node, the node's answer, close. First with nothing remembered
// (Argon2id each time), then with a cached verifier. Counted in the hub process's own CPU time.
const { values } = parseArgs({
  options: {
    logins: { type: 'string', default: '4000' },
    users: { type: 'string', default: '100' },
    connections: { type: 'string', default: '20' },
  },
});
const USERS = Number(values.users);
const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK']).toString());
const directory = mkdtempSync(join(tmpdir(), 'rookery-login-'));
const authority = await TestAuthority.create('bench');
const trust = await authority.member('node', 'node');
writeFileSync(join(directory, 'hub.json'), JSON.stringify(await authority.credentials('hub', 'hub')));

/** A node that believes every hand-over and answers its LOGIN. */
const node = trust.createServer(['hub'], (socket) =>
  standInForNode(socket, (channel, { tag }) => {
    channel.write(Buffer.from(`${tag} OK Logged in\r\n`));
    channel.mark(encodeMark({ answered: 0, state: Buffer.alloc(100) }));
    channel.attach({ channelData() {}, channelDrained() {}, channelEnded: () => channel.end(), channelLost() {} });
  }),
);
node.listen(0, '127.0.0.1');
await once(node, 'listening');

const front = spawn(
  process.execPath,
  [join(import.meta.dirname, 'login/front.js'), String((node.address() as AddressInfo).port), String(USERS), directory],
  { stdio: ['ignore', 'pipe', 'inherit'] },
);
const [line] = (await once(createInterface({ input: front.stdout }), 'line')) as [string];
const [plainPort, tlsPort] = line.split(' ').map(Number) as [number, number];

function cpuSeconds(): number {
  const fields = readFileSync(`/proc/${front.pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

async function signIn(user: number, tls: boolean): Promise<void> {
  const address = { host: '127.0.0.1', port: tls ? tlsPort : plainPort };
  const socket: Socket = tls ? connectTls({ ...address, rejectUnauthorized: false }) : connect(address);
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk;
  });
  const until = async (what: string): Promise<void> => {
    while (!text.includes(what)) await once(socket, 'data');
  };
  await until('ready\r\n');
  socket.write(`a LOGIN u${user}@bench.test "password ${user}"\r\n`);
  await until('a ');
  await until('\r\na ');
  if (!text.includes('\r\na OK')) throw new Error(text);
  socket.destroy();
}

async function measure(what: string, logins: number, tls: boolean): Promise<void> {
  let next = 0;
  const before = cpuSeconds();
  const started = performance.now();
  const worker = async (): Promise<void> => {
    while (next < logins) await signIn(next++ % USERS, tls);
  };
  await Promise.all(Array.from({ length: Number(values.connections) }, worker));
  const seconds = (performance.now() - started) / 1_000;
  const cpu = cpuSeconds() - before;
  console.log(
    `${what}: ${(logins / cpu).toFixed(0)} LOGINs per CPU second (${(logins / seconds).toFixed(0)} a second here)`,
  );
}

try {
  await measure('Argon2id each time', USERS, false);
  await measure('cached verifier', Number(values.logins), false);
  await measure('cached verifier, new TLS session each', Math.ceil(Number(values.logins) / 4), true);
} finally {
  front.kill();
  node.close();
  rmSync(directory, { recursive: true, force: true });
}
process.exit();
