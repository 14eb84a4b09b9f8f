import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { parseArgs } from 'node:util';
import { TestAuthority } from '#testing';
import { CountingClient } from './imap/client.ts';
import { missingDovecot, startDovecotImap } from './imap/dovecot.ts';
import { BIG_BYTES, mailText, words } from './imap/mail.ts';

// IMAP through a hub and a node, beside Dovecot's imapd in the same run, in turn, medians:
// npm run bench -- imap [--messages N] [--mailboxes N] [--rounds N].
const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '20000' },
    mailboxes: { type: 'string', default: '1000' },
    /** Large messages, whose bodies are read. */
    bodies: { type: 'string', default: '300' },
    rounds: { type: 'string', default: '3' },
  },
});
const MESSAGES = Number(values.messages);
const MAILBOXES = Number(values.mailboxes);
const BODIES = Number(values.bodies);
const ROUNDS = Number(values.rounds);
/** Bytes of one APPEND of many messages. */
const BATCH_BYTES = 1_000_000;

/** A server under test: where it answers, and how one signs in. */
interface Contender {
  readonly name: string;
  readonly port: number;
  login(user: 0 | 1): string;
}

/** One measurement: how long it took, and how many bytes or messages that was for. */
interface Sample {
  readonly ms: number;
  readonly amount: number;
}
interface Measure {
  readonly name: string;
  readonly unit: 'ms' | 'MB/s' | 'a second';
  /** The limit of docs/MAILSTORE.md: milliseconds at most, or how many times the peer at least. */
  readonly limit?: string;
  /** Ours alone: the peer would take minutes. */
  readonly oursOnly?: boolean;
  run(client: CountingClient, contender: Contender, round: number): Promise<Sample>;
}

async function opened(contender: Contender, user: 0 | 1 = 0): Promise<CountingClient> {
  const client = await CountingClient.open(contender.port);
  await client.run(contender.login(user));
  return client;
}

const timed =
  (command: string, amount = 1): Measure['run'] =>
  async (client) => ({ ms: await client.run(command), amount });
const first = (most: number): string => `1:${Math.min(MESSAGES, most)}`;

const MEASURES: readonly Measure[] = [
  {
    name: 'connect, LOGIN, SELECT',
    unit: 'ms',
    async run(_client, contender) {
      const started = performance.now();
      const client = await opened(contender);
      await client.run('SELECT INBOX');
      client.close();
      return { ms: performance.now() - started, amount: 1 };
    },
  },
  { name: 'SELECT', unit: 'ms', limit: '≤ 50 ms', run: timed('SELECT INBOX') },
  { name: 'FETCH 1:* (UID FLAGS)', unit: 'ms', limit: '≥ 1×', run: timed('FETCH 1:* (UID FLAGS)') },
  {
    name: `FETCH ${first(20_000)} ENVELOPE`,
    unit: 'ms',
    limit: '≥ 1×',
    run: timed(`FETCH ${first(20_000)} (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)`),
  },
  {
    name: 'FETCH bodies',
    unit: 'MB/s',
    limit: '≥ 0.8×',
    async run(client) {
      await client.run('EXAMINE Bodies');
      const ms = await client.run('FETCH 1:* BODY.PEEK[]');
      const amount = client.bytes / 1e6;
      await client.run('SELECT INBOX');
      return { ms, amount };
    },
  },
  {
    name: `SEARCH ${first(2_000)} TEXT, a rare word`,
    unit: 'ms',
    run: (client, _, round) => timed(`SEARCH ${first(2_000)} TEXT ${words(10_000 + round)}`)(client, _, round),
  },
  {
    name: 'SEARCH TEXT, a rare word, all',
    unit: 'ms',
    limit: '≤ 100 ms',
    oursOnly: true,
    run: (client, _, round) => timed(`SEARCH TEXT ${words(11_000 + round)}`)(client, _, round),
  },
  {
    name: 'SEARCH FROM, all',
    unit: 'ms',
    run: (client, _, round) => timed(`SEARCH FROM sender${777 + round}@`)(client, _, round),
  },
  {
    name: 'APPEND, one after the other',
    unit: 'a second',
    async run(client, _, round) {
      const count = 100;
      let ms = 0;
      for (let i = 0; i < count; i++) {
        const text = mailText(1_000_000 + round * count + i);
        ms += await client.run(`APPEND Appended {${text.length}+}\r\n`, text, '\r\n');
      }
      return { ms, amount: count };
    },
  },
  {
    name: `STORE ${first(2_000)} +FLAGS`,
    unit: 'ms',
    run: (client, _, round) =>
      timed(`STORE ${first(2_000)} ${round % 2 ? '+' : '-'}FLAGS (\\Flagged)`)(client, _, round),
  },
  {
    name: 'MOVE of 200, and back',
    unit: 'ms',
    async run(client) {
      await client.run('SELECT Appended');
      const there = await client.run('MOVE 1:100 Moved');
      await client.run('SELECT Moved');
      const back = await client.run('MOVE 1:100 Appended');
      await client.run('SELECT INBOX');
      return { ms: there + back, amount: 1 };
    },
  },
  {
    name: `LIST of ${MAILBOXES}`,
    unit: 'ms',
    async run(_client, contender) {
      const client = await opened(contender, 1);
      const ms = await client.run('LIST "" *');
      client.close();
      return { ms, amount: 1 };
    },
  },
];

async function fill(contender: Contender): Promise<void> {
  const started = performance.now();
  const client = await opened(contender);
  for (const name of ['Bodies', 'Appended', 'Moved']) await client.run(`CREATE ${name}`);
  await appendMany(client, 'INBOX', MESSAGES, (n) => mailText(n));
  await appendMany(client, 'Bodies', BODIES, (n) => mailText(n, BIG_BYTES));
  client.close();
  const other = await opened(contender, 1);
  for (let i = 0; i < MAILBOXES; i++) await other.run(`CREATE "Folder ${i % 20}/Box ${i}"`);
  other.close();
  console.log(`filled ${contender.name} in ${((performance.now() - started) / 1_000).toFixed(0)} s`);
}

/** MULTIAPPEND (RFC 3502): one commit for many, at either. */
async function appendMany(
  client: CountingClient,
  mailbox: string,
  count: number,
  text: (n: number) => Buffer,
): Promise<void> {
  let parts: (string | Buffer)[] = [];
  let bytes = 0;
  for (let n = 0; n < count; n++) {
    const message = text(n);
    parts.push(`${parts.length === 0 ? '' : ' '}{${message.length}+}\r\n`, message);
    bytes += message.length;
    if (bytes < BATCH_BYTES && n < count - 1) continue;
    await client.run(`APPEND ${mailbox} `, ...parts, '\r\n');
    parts = [];
    bytes = 0;
  }
}

const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;

function shown({ unit }: Measure, samples: readonly Sample[]): { readonly text: string; readonly cost: number } {
  const cost = median(samples.map(({ ms, amount }) => ms / amount));
  if (samples.length === 0) return { text: '—', cost };
  if (unit === 'ms') return { text: `${median(samples.map(({ ms }) => ms)).toFixed(1)} ms`, cost };
  return { text: `${(1_000 / cost).toFixed(0)} ${unit}`, cost };
}

async function compare(contenders: readonly Contender[]): Promise<void> {
  const clients = new Map<Contender, CountingClient>();
  for (const contender of contenders) {
    const client = await opened(contender);
    await client.run('SELECT INBOX');
    clients.set(contender, client);
  }
  console.log(
    `\n${'medians'.padEnd(38)}${contenders.map(({ name }) => name.padStart(14)).join('')}${'ratio'.padStart(10)}`,
  );
  for (const measure of MEASURES) {
    const samples = contenders.map((): Sample[] => []);
    // In turn; the first round warms up.
    for (let round = 0; round <= ROUNDS; round++)
      for (const [index, contender] of contenders.entries()) {
        if (index > 0 && measure.oursOnly) continue;
        const sample = await measure.run(clients.get(contender)!, contender, round);
        if (round > 0) samples[index]!.push(sample);
      }
    const [ours, peer] = samples.map((list) => shown(measure, list));
    const ratio = ours && peer ? peer.cost / ours.cost : Number.NaN;
    const columns = [ours?.text, peer?.text].map((text) => (text ?? '').padStart(14)).join('');
    const times = Number.isNaN(ratio) ? '' : `${ratio.toFixed(2)}×`;
    console.log(`${measure.name.padEnd(38)}${columns}${times.padStart(10)}  ${measure.limit ?? ''}`);
  }
  for (const client of clients.values()) client.close();
}

interface House {
  readonly contender: Contender;
  /** Longest pause of the node's event loop since the last call (ms), and messages in its text index. */
  figures(): Promise<readonly [pauseMs: number, indexed: number]>;
  stop(): void;
}

/** A hub and a node, a process each. */
async function startHouse(directory: string): Promise<House> {
  const start = async (script: string, ...args: string[]): Promise<[ChildProcess, Interface, string]> => {
    const child = spawn(process.execPath, [join(import.meta.dirname, script), ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines = createInterface({ input: child.stdout });
    const [line] = (await once(lines, 'line')) as [string];
    return [child, lines, line];
  };
  const authority = await TestAuthority.create('bench');
  for (const role of ['node', 'hub'] as const) {
    mkdirSync(join(directory, role));
    writeFileSync(join(directory, role, `${role}.json`), JSON.stringify(await authority.credentials(role, role)));
  }
  const [node, lines, nodePort] = await start('imap/node.js', join(directory, 'node'));
  const [hub, , ports] = await start('login/front.js', nodePort, '2', join(directory, 'hub'));
  const port = Number(ports.split(' ')[0]);
  return {
    contender: { name: 'Rookery', port, login: (user) => `LOGIN u${user}@bench.test "password ${user}"` },
    async figures() {
      node.kill('SIGUSR2');
      const [line] = (await once(lines, 'line')) as [string];
      const [pauseMs = 0, indexed = 0] = line.split(' ').map(Number);
      return [pauseMs, indexed];
    },
    stop() {
      hub.kill('SIGKILL');
      node.kill('SIGKILL');
    },
  };
}

/** What is measured is a search, not the index's way there. */
async function indexedAll({ figures }: House): Promise<void> {
  const started = performance.now();
  let last = -1;
  for (let now = 0; now !== last; ) {
    last = now;
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    [, now] = await figures();
  }
  console.log(
    `the text index took ${((performance.now() - started) / 1_000).toFixed(0)} s more for all ${last} messages`,
  );
}

const directory = mkdtempSync(join(tmpdir(), 'rookery-bench-imap-'));
const missing = missingDovecot();
if (missing) console.log(`Without the peer: ${missing}`);
const house = await startHouse(directory);
try {
  await fill(house.contender);
  await using peer = missing ? undefined : await startDovecotImap();
  const dovecot = peer && { name: 'Dovecot', port: peer.port, login: (user: 0 | 1) => `LOGIN u${user} pass` };
  if (dovecot) await fill(dovecot);
  await peer?.restartDurable();
  const [filling] = await house.figures();
  console.log(`longest pause of the node while filling ${filling} ms`);
  await indexedAll(house);
  await compare(dovecot ? [house.contender, dovecot] : [house.contender]);
  const [measuring, all] = await house.figures();
  console.log(`longest pause of the node meanwhile ${measuring} ms; ${all} messages in the text index`);
} finally {
  house.stop();
  rmSync(directory, { recursive: true, force: true });
}
process.exit();
