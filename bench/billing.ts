// `npm run bench -- billing [--events 1000000] [--partners 1000] [--batch 1000] [--senders 4]`
// Usage into PostgreSQL (durable commits, on this machine's disk) and one month of all partners rated and invoiced.
// Lago publishes 10,000 events a second for its PostgreSQL set-up; the month is to be closed within five minutes.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { MonthRating } from '#billing/invoice';
import { InvoiceFinalization, MonthClosing, PostgresBillingAccounts } from '#billing/postgres';
import { Database } from '#database';
import { freePort, startPostgres } from '#embedded';
import { PostgresMetering, PostgresUsageReader, type UsageEvent } from '#metering';
import { type Clock, type Random, seededRandom, systemClock } from '#stdx';
import { migrate } from '../migrations/index.ts';

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '1000000' },
    partners: { type: 'string', default: '1000' },
    batch: { type: 'string', default: '1000' },
    senders: { type: 'string', default: '4' },
  },
});
const events = Number(values.events);
const partnerCount = Number(values.partners);
const batchSize = Number(values.batch);
const senders = Number(values.senders);

const MONTH = '2026-10';
const START = Date.parse('2026-10-01T00:00:00Z');
const END = Date.parse('2026-11-01T00:00:00Z');
const print = (line: string): void => void process.stdout.write(`${line}\n`);

/** Time stands still just after the month, then just after its grace time. */
let now = END + 60_000;
const clock: Clock = { ...systemClock, now: () => now };

const directory = mkdtempSync(join(tmpdir(), 'rookery-bench-billing-'));
const postgres = await startPostgres({
  directory,
  port: await freePort(),
  logFile: join(directory, 'log'),
  settings: { max_wal_size: '4GB' },
});
try {
  await migrate(postgres.url);
  const database = new Database({ url: postgres.url, connectionsMax: senders + 4, timeoutMs: 60_000 });
  const partners = await makePartners(database);
  await ingest(database, partners);
  await closeMonth(database);
  await database.close();
} finally {
  await postgres.stop();
  rmSync(directory, { recursive: true, force: true });
}

async function makePartners(database: Database): Promise<string[]> {
  const rows = await database.query<{ id: string }>(
    `INSERT INTO partner (slug, name, created_at) SELECT 'p' || n, 'Partner ' || n, '2026-10-01' FROM generate_series(1, $1::int) n RETURNING id`,
    [partnerCount],
  );
  return rows.map(({ id }) => id);
}

async function ingest(database: Database, partners: readonly string[]): Promise<void> {
  const metering = new PostgresMetering(database, clock);
  const random = seededRandom(1);
  const lives = partners.flatMap((partnerId, index) => resources(partnerId, index));
  let taken = 0;
  let next = 0;
  let rssMax = 0;
  const take = (): UsageEvent[] | undefined => {
    if (next >= events) return undefined;
    const from = next;
    next = Math.min(next + batchSize, events);
    return Array.from({ length: next - from }, (_, n) =>
      from + n < lives.length ? lives[from + n]! : message(partners, random, from + n),
    );
  };
  const started = performance.now();
  const cpuBefore = cpuSeconds();
  await Promise.all(
    Array.from({ length: senders }, async () => {
      for (let batch = take(); batch; batch = take()) {
        const { accepted } = await metering.ingest(batch, 'internal');
        taken += accepted;
        rssMax = Math.max(rssMax, process.memoryUsage.rss());
      }
    }),
  );
  const seconds = (performance.now() - started) / 1_000;
  print(
    `ingested ${taken} events of ${partners.length} partners in ${seconds.toFixed(1)} s: ${Math.round(taken / seconds)} events/s ` +
      `(batches of ${batchSize}, ${senders} senders), ${Math.round(rssMax / 1e6)} MB at most`,
  );
  const cpu = cpuSeconds();
  const [own, server] = [cpu.own - cpuBefore.own, cpu.server - cpuBefore.server];
  print(
    `  processor time: ${own.toFixed(1)} s here, ${server.toFixed(1)} s PostgreSQL: ` +
      `two cores of one's own could take ${Math.round((2 * taken) / (own + server))} events/s`,
  );
}

/** Processor seconds used so far, by us and by PostgreSQL: on a shared machine they say more than the clock. Linux only. */
function cpuSeconds(): { own: number; server: number } {
  const { user, system } = process.cpuUsage();
  let ticks = 0;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /, '')
        .split(' ')
        .map(Number);
      const [, parent] = fields;
      // Fields 14 to 17 of proc(5): own time, and for the postmaster that of children already gone.
      if (Number(pid) === postgres.pid) ticks += fields[11]! + fields[12]! + fields[13]! + fields[14]!;
      else if (parent === postgres.pid) ticks += fields[11]! + fields[12]!;
    } catch {}
  }
  return { own: (user + system) / 1e6, server: ticks / 100 };
}

/** A hub, a node, twenty mailboxes and a volume for each partner. */
function resources(partnerId: string, index: number): UsageEvent[] {
  const at = new Date(START).toISOString();
  const base = { source: 'bench', partnerId, at };
  return [
    { ...base, id: 'hub', subject: `hub-${index}`, kind: 'start', meter: 'hub' },
    { ...base, id: 'node', subject: `node-${index}`, kind: 'start', meter: 'node-active' },
    { ...base, id: 'bytes', subject: `volume-${index}`, kind: 'gauge', meter: 'storage-bytes', value: 10 ** 10 },
    ...Array.from(
      { length: 20 },
      (_, n): UsageEvent => ({
        ...base,
        id: `mailbox-${n}`,
        subject: `account-${index}-${n}`,
        label: `user${n}@p${index}.example`,
        kind: 'start',
        meter: 'mailbox',
      }),
    ),
  ];
}

function message(partners: readonly string[], random: Random, n: number): UsageEvent {
  return {
    id: `volume~1~${n}`,
    source: 'volume:1',
    partnerId: partners[Math.floor(random.fraction() * partners.length)]!,
    at: new Date(START + Math.floor(random.fraction() * (END - START))).toISOString(),
    subject: `account-${n % 20}`,
    kind: 'counter',
    meter: n % 3 === 0 ? 'messages-out' : 'messages-in',
    quantity: 1,
  };
}

async function closeMonth(database: Database): Promise<void> {
  const accounts = new PostgresBillingAccounts(database);
  const rating = new MonthRating(accounts, new PostgresUsageReader(database), clock);
  const closing = new MonthClosing(database, accounts, rating, clock);
  const finalization = new InvoiceFinalization(database, accounts, rating, clock);
  await database.query('ANALYZE');
  const closed = await timed(async () => {
    const due = (await closing.due(partnerCount)).filter(({ month }) => month === MONTH);
    await inParallel(due, (month) => closing.close(month));
    return due.length;
  });
  now += 25 * 3_600_000;
  const final = await timed(async () => {
    const due = await finalization.due(partnerCount);
    await inParallel(due, (id) => finalization.finalize(id));
    return due.length;
  });
  const [sum] = await database.query<{ invoices: string; minor: string }>(
    `SELECT count(number) AS invoices, sum(total_minor) AS minor FROM invoice`,
  );
  print(
    `closed ${closed.count} months in ${closed.seconds.toFixed(1)} s, finalized ${final.count} in ${final.seconds.toFixed(1)} s`,
  );
  print(
    `month of ${partnerCount} partners rated twice and invoiced in ${(closed.seconds + final.seconds).toFixed(1)} s: ` +
      `${sum?.invoices} invoices, ${sum?.minor} minor units, ${Math.round(process.memoryUsage.rss() / 1e6)} MB`,
  );
}

async function timed(work: () => Promise<number>): Promise<{ count: number; seconds: number }> {
  const started = performance.now();
  const count = await work();
  return { count, seconds: (performance.now() - started) / 1_000 };
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  const queue = [...items];
  await Promise.all(
    Array.from({ length: senders }, async () => {
      for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
    }),
  );
}
