import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { CountingClient } from './client.ts';
import { type House, opened } from './house.ts';
import { mailText, words } from './mail.ts';

/** The largest message by default: docs/MAILSTORE.md names it. */
const HUGE_BYTES = 50_000_000;
/** Of docs/MAILSTORE.md, milliseconds. */
const LIMIT_MS = 50;

/** What one session does while another says NOOP. */
interface Burden {
  readonly name: string;
  run(client: CountingClient): Promise<unknown>;
}

const burden = (...commands: readonly string[]): Burden => ({
  name: commands.at(-1) ?? '',
  async run(client) {
    for (const command of commands) await client.run(command);
  },
});

const huge = (): Buffer => Buffer.concat([mailText(77), Buffer.alloc(HUGE_BYTES, `${'x'.repeat(70)}\r\n`)]);

const BURDENS: readonly Burden[] = [
  { name: 'nothing, for a second', run: () => new Promise((resolve) => setTimeout(resolve, 1_000)) },
  burden('SELECT INBOX'),
  burden('SEARCH UNSEEN LARGER 1000'),
  burden('SEARCH SENTSINCE 3-Mar-2024 SENTBEFORE 7-Mar-2024'),
  burden(`SEARCH 1:10000 TEXT ${words(3)}`),
  burden('SORT (REVERSE DATE) UTF-8 ALL'),
  burden('SORT (SUBJECT FROM) UTF-8 ALL'),
  burden('THREAD REFERENCES UTF-8 ALL'),
  burden('THREAD ORDEREDSUBJECT UTF-8 ALL'),
  burden('FETCH 1:* (UID FLAGS)'),
  burden('FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)'),
  burden('FETCH 1:20000 BODYSTRUCTURE'),
  burden('FETCH 1:5000 BODY.PEEK[]'),
  burden('STORE 1:* +FLAGS.SILENT (\\Flagged)'),
  burden('STORE 1:* -FLAGS (\\Flagged)'),
  burden('COPY 1:* Heavy'),
  burden('SELECT Heavy', 'MOVE 1:* Moved'),
  burden('SELECT Moved', 'STORE 1:* +FLAGS.SILENT (\\Deleted)', 'EXPUNGE'),
  {
    name: 'APPEND of 50 MB',
    async run(client) {
      const message = huge();
      await client.run(`APPEND Heavy {${message.length}+}\r\n`, message, '\r\n');
    },
  },
  burden('SELECT Heavy', 'FETCH * BODY.PEEK[]'),
  burden('FETCH * (BODYSTRUCTURE BODY.PEEK[TEXT]<0.1000>)'),
  burden('STORE 1:* +FLAGS.SILENT (\\Deleted)', 'EXPUNGE'),
];

/** While one session of the node does each of the heavy things, how long another waits for its NOOP. */
export async function measureStalls(house: House): Promise<void> {
  const { node, figures } = house;
  const prober = new Worker(join(import.meta.dirname, 'prober.js'), {
    workerData: { port: node.port, login: node.login(1) },
  });
  await once(prober, 'message');
  const client = await opened(node);
  await client.run('SELECT INBOX');
  console.log(`\n${'while another session does'.padEnd(58)}${'took'.padStart(9)}${HEADINGS}  limit ${LIMIT_MS} ms`);
  const probed = async (name: string, run: () => Promise<unknown>): Promise<void> => {
    await figures();
    prober.postMessage('');
    await once(prober, 'message');
    const started = performance.now();
    await run();
    const tookMs = performance.now() - started;
    prober.postMessage('');
    const [latencies] = (await once(prober, 'message')) as [number[]];
    const { pauses } = await figures();
    const sorted = latencies.sort((a, b) => a - b);
    const p99 = sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN;
    const shown = [sorted.at(-1) ?? Number.NaN, p99, pauses.maxMs, pauses.p99Ms, pauses.ownMaxMs];
    const columns = shown.map((ms) => ms.toFixed(1).padStart(11)).join('');
    console.log(`${name.slice(0, 57).padEnd(58)}${tookMs.toFixed(0).padStart(9)}${columns}`);
  };
  for (const { name, run } of BURDENS) await probed(name, () => run(client));
  client.close();
  await prober.terminate();
}

const HEADINGS = ['NOOP max', 'NOOP p99', 'loop max', 'loop p99', 'own max'].map((each) => each.padStart(11)).join('');
