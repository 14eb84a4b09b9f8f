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
  { name: 'nothing, for a second', run: () => pause(1_000) },
  burden('SELECT INBOX'),
  burden('SEARCH UNSEEN LARGER 1000'),
  burden('SEARCH SENTSINCE 3-Mar-2024 SENTBEFORE 7-Mar-2024'),
  burden(`SEARCH TEXT ${words(3)}`),
  burden('SORT (REVERSE DATE) UTF-8 ALL'),
  burden('SORT (SUBJECT FROM) UTF-8 ALL'),
  burden('THREAD REFERENCES UTF-8 ALL'),
  burden('THREAD ORDEREDSUBJECT UTF-8 ALL'),
  burden('FETCH 1:* (UID FLAGS)'),
  burden('FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)'),
  burden('FETCH 1:* BODYSTRUCTURE'),
  burden('FETCH 1:* BODY.PEEK[]'),
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
  const client = await opened(house.node);
  await client.run('SELECT INBOX');
  await probed(house, 'while another session does', BURDENS, client);
  client.close();
}

/** Half of the INBOX goes, and with it half of its segment, unless the mail is kept for another run. */
export async function expungeMost(house: House, messages: number): Promise<void> {
  const client = await opened(house.node);
  await client.run('SELECT INBOX');
  await client.run(`STORE 1:${Math.ceil(messages * 0.6)} +FLAGS.SILENT (\\Deleted)`);
  await client.run('EXPUNGE');
  client.close();
}

/** How a node works that has all of its upkeep to do at once, unthrottled but for 128 MB a second. */
export const UPKEEP = {
  settings: { scrubIntervalMs: 0, upkeepIntervalMs: 1_000, upkeepBytesPerSecond: 128e6, compactDeadShare: 0.3 },
  limits: { deletedKeepMs: 0 },
} as const;

/** The same while the node forgets what was deleted, compacts and scrubs. */
export async function measureUpkeep(house: House): Promise<void> {
  const client = await opened(house.node);
  const rest = { name: 'nothing, for 15 seconds of it', run: () => pause(15_000) };
  for (let spell = 0; spell < UPKEEP_SPELLS_MAX; spell++) {
    await probed(house, 'while the node does its upkeep', [rest], client);
    const { compactedSegments, scrubbedBytes, deletedExpired } = (await house.figures()).upkeep;
    console.log(
      `  ${deletedExpired} forgotten, ${compactedSegments} segments compacted, ${mb(scrubbedBytes)} MB scrubbed`,
    );
    if (scrubbedBytes > 0) break;
  }
  client.close();
}

/** It forgets, then compacts, then scrubs; each takes its time. */
const UPKEEP_SPELLS_MAX = 8;

const mb = (bytes: number): string => (bytes / 1e6).toFixed(0);
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const COLUMNS = ['NOOP max', 'NOOP p99', 'loop max', 'loop p99', 'own max'];

async function probed(house: House, title: string, burdens: readonly Burden[], client: CountingClient): Promise<void> {
  const { node, figures } = house;
  const prober = new Worker(join(import.meta.dirname, 'prober.js'), {
    workerData: { port: node.port, login: node.login(1) },
  });
  await once(prober, 'message');
  const latenciesSince = async (): Promise<number[]> => {
    prober.postMessage('');
    const [latencies] = (await once(prober, 'message')) as [number[]];
    return latencies.sort((a, b) => a - b);
  };
  const headings = COLUMNS.map((each) => each.padStart(11)).join('');
  console.log(`\n${title.padEnd(58)}${'took'.padStart(9)}${headings}  limit ${LIMIT_MS} ms`);
  for (const { name, run } of burdens) {
    await figures();
    await latenciesSince();
    const started = performance.now();
    await run(client);
    const tookMs = performance.now() - started;
    // What waits by then is counted, too.
    await pause(20);
    const latencies = await latenciesSince();
    const { pauses } = await figures();
    const p99 = latencies[Math.floor(latencies.length * 0.99)] ?? Number.NaN;
    const shown = [latencies.at(-1) ?? Number.NaN, p99, pauses.maxMs, pauses.p99Ms, pauses.ownMaxMs];
    const columns = shown.map((ms) => ms.toFixed(1).padStart(11)).join('');
    console.log(`${name.slice(0, 57).padEnd(58)}${tookMs.toFixed(0).padStart(9)}${columns}`);
  }
  await prober.terminate();
}
