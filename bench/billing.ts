// `npm run bench -- billing [--full] [--events 500000] [--partners 50] [--batch 1000] [--senders 4]`
// A month of usage into PostgreSQL (durable commits, this machine's disk), then the month of all partners closed: buckets sealed, rated,
// drafted, rated again, numbered. `--full`: 10,000,000 events of 1,000 partners. Lago publishes 10,000 events a second for its
// PostgreSQL set-up; a month of 1,000 partners is to be closed within five minutes on two cores.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { MonthRating } from '#billing/invoice';
import { findRun, InvoiceFinalization, MonthClosing, PostgresBillingAccounts } from '#billing/postgres';
import { Database } from '#database';
import { freePort, startPostgres } from '#embedded';
import { PostgresMetering, PostgresUsageReader, UsageFindings, UsageReconciliation, UsageRollup } from '#metering';
import { assert, type Clock, present, systemClock } from '#stdx';
import { migrate } from '../migrations/index.ts';
import { type Reading, readMachine, Watch } from './billing/machine.ts';
import { Load, makePartners } from './billing/usage.ts';

const { values } = parseArgs({
  options: {
    full: { type: 'boolean', default: false },
    events: { type: 'string' },
    partners: { type: 'string' },
    batch: { type: 'string', default: '1000' },
    senders: { type: 'string', default: '4' },
  },
});
const FULL = { events: 10_000_000, partners: 1_000 };
const wanted = values.full ? FULL : { events: 500_000, partners: 50 };
const eventCount = Number(values.events ?? wanted.events);
const partnerCount = Number(values.partners ?? wanted.partners);
const senders = Number(values.senders);

const MONTH = '2026-10';
const START = Date.parse('2026-10-01T00:00:00Z');
const END = Date.parse('2026-11-01T00:00:00Z');
const SAY_EVERY_MS = 5_000;
const print = (line: string): void => void process.stdout.write(`${line}\n`);
const count = (n: number): string => Math.round(n).toLocaleString('en-US');
const megabytes = (bytes: number): string => `${count(bytes / 1e6)} MB`;

/** Time stands still just after the month, then just after its grace time. */
let now = END + 60_000;
const clock: Clock = { ...systemClock, now: () => now };

const directory = mkdtempSync(join(tmpdir(), 'rookery-bench-billing-'));
const postgres = await startPostgres({
  directory,
  port: await freePort(),
  logFile: join(directory, 'log'),
  settings: { max_wal_size: '4GB', shared_buffers: '1GB' },
});
const rows: [string, string, string][] = [];
try {
  await migrate(postgres.url);
  const database = new Database({ url: postgres.url, connectionsMax: senders + 4, timeoutMs: 60_000 });
  const partners = await makePartners(database, partnerCount, START);
  print(`${count(eventCount)} events of ${count(partnerCount)} partners, ${senders} at once`);
  const messages = await ingest(database, partners);
  await closeMonth(database, partners, messages);
  await database.close();
  table();
} finally {
  await postgres.stop();
  rmSync(directory, { recursive: true, force: true });
}

/** Returns how many messages were counted. */
async function ingest(database: Database, partners: readonly string[]): Promise<number> {
  const metering = new PostgresMetering(database, clock);
  const load = new Load(partners, START, END, eventCount, Number(values.batch));
  let [taken, messages, said] = [0, 0, 0];
  const started = performance.now();
  const before = readMachine(postgres.pid);
  const watch = new Watch(postgres.pid, SAY_EVERY_MS, ({ ownBytes, serverBytes }) => {
    const share = ((100 * taken) / eventCount).toFixed(1);
    const rate = count(((taken - said) * 1_000) / SAY_EVERY_MS);
    said = taken;
    print(
      `  ingest ${count(taken)} (${share} %), ${rate} events/s now; ${megabytes(ownBytes)} here, ${megabytes(serverBytes)} PostgreSQL`,
    );
  });
  await inParallel(senders, async () => {
    for (let batch = load.take(); batch; batch = load.take()) {
      const { accepted } = await metering.ingest(batch.events, 'internal');
      taken += accepted;
      messages += batch.messages;
    }
  });
  watch.stop();
  const seconds = (performance.now() - started) / 1_000;
  const after = watch.read();
  assert(taken === eventCount, `${taken} of ${eventCount} events were counted`);
  rows.push(['events ingested', `${count(taken)} in ${seconds.toFixed(1)} s`, '']);
  rows.push(['events a second', count(taken / seconds), '10,000']);
  rows.push(['  of processor time alone, on two cores', count((2 * taken) / spent(before, after)), '']);
  rows.push([
    'memory of ingest',
    `${megabytes(watch.ownBytesMax)} here, ${megabytes(watch.serverBytesMax)} PostgreSQL`,
    '',
  ]);
  return messages;
}

async function closeMonth(database: Database, partners: readonly string[], messages: number): Promise<void> {
  const accounts = new PostgresBillingAccounts(database);
  const rating = new MonthRating(accounts, new PostgresUsageReader(database), clock);
  const closing = new MonthClosing(database, accounts, rating, clock);
  const finalization = new InvoiceFinalization(database, accounts, rating, clock);
  const rollup = new UsageRollup(database, clock);
  await database.query('ANALYZE');
  const before = readMachine(postgres.pid);
  const progress = { step: '', done: 0 };
  const watch = new Watch(postgres.pid, SAY_EVERY_MS, ({ ownBytes, serverBytes }) =>
    print(
      `  ${progress.step} ${progress.done} of ${partnerCount}; ${megabytes(ownBytes)} here, ${megabytes(serverBytes)} PostgreSQL`,
    ),
  );
  const step = async <T>(
    name: string,
    ask: () => Promise<readonly T[]>,
    work: (item: T) => Promise<unknown>,
  ): Promise<number> => {
    Object.assign(progress, { step: name, done: 0 });
    const started = performance.now();
    const due = await ask();
    const queue = [...due];
    await inParallel(senders, async () => {
      for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
        await work(item);
        progress.done++;
      }
    });
    const seconds = (performance.now() - started) / 1_000;
    assert(due.length === partnerCount, `${name}: ${due.length} of ${partnerCount} partners were due`);
    rows.push([name, `${seconds.toFixed(1)} s`, '']);
    return seconds;
  };
  const sealed = await step(
    'buckets sealed',
    () => rollup.due(partnerCount),
    (partner) => rollup.roll(partner),
  );
  const drafted = await step(
    'rated and drafted',
    async () => (await closing.due(partnerCount)).filter(({ month }) => month === MONTH),
    (month) => closing.close(month),
  );
  now += 25 * 3_600_000;
  const finalized = await step(
    'rated again and numbered',
    () => finalization.due(partnerCount),
    (id) => finalization.finalize(id),
  );
  watch.stop();
  const after = watch.read();
  const seconds = sealed + drafted + finalized;
  rows.push([`month of ${count(partnerCount)} partners closed`, `${seconds.toFixed(1)} s`, values.full ? '300 s' : '']);
  rows.push(['  of processor time alone, on two cores', `${(spent(before, after) / 2).toFixed(1)} s`, '']);
  rows.push([
    'memory of closing',
    `${megabytes(watch.ownBytesMax)} here, ${megabytes(watch.serverBytesMax)} PostgreSQL`,
    '',
  ]);
  if (!values.full) extrapolate(seconds, spent(before, after) / 2);
  await check(database, rating, rollup, partners, messages);
}

/** What as many events a partner would come to for 1,000 partners: closing is as long as there are partners. */
function extrapolate(seconds: number, processorSeconds: number): void {
  const whole = (measured: number): string => `${((measured * FULL.partners) / partnerCount).toFixed(0)} s`;
  const each = count(eventCount / partnerCount);
  rows.push([
    `1,000 partners of ${each} events, extrapolated`,
    `${whole(seconds)} by the clock, ${whole(processorSeconds)} of processor time`,
    '300 s',
  ]);
}

/** Figures of work done wrongly are none: what was billed is what was sent, and comes out again. */
async function check(
  database: Database,
  rating: MonthRating,
  rollup: UsageRollup,
  partners: readonly string[],
  messages: number,
): Promise<void> {
  const [sums] = await database.query<{
    billed: string;
    bucketed: string;
    invoices: number;
    last: number;
    minor: string;
  }>(
    `SELECT (SELECT sum(quantity::numeric) FROM invoice_line WHERE kind = 'messages') AS billed,
       (SELECT sum(quantity) FROM usage_bucket WHERE meter IN ('messages-in', 'messages-out')) AS bucketed,
       count(number)::int AS invoices, max(right(number, 6))::int AS last, sum(total_minor) AS minor FROM invoice`,
  );
  const { billed, bucketed, invoices, last, minor } = present(sums, 'sums');
  assert(Number(billed) === messages, `${billed} messages billed, ${messages} sent`);
  assert(Number(bucketed) === messages, `${bucketed} messages in buckets, ${messages} sent`);
  assert(invoices === partnerCount && last === partnerCount, `${invoices} invoices, the last number ${last}`);
  const accounts = new PostgresBillingAccounts(database);
  const findings = new UsageFindings(database, clock);
  const reconciliation = new UsageReconciliation(database, rollup, findings, clock);
  for (const partnerId of partners.slice(0, 3)) {
    const run = present(await database.transaction((client) => findRun(client, partnerId, MONTH)), 'rating run');
    const account = await accounts.recall(partnerId, run.terms);
    const again = await rating.rateTerms(account, MONTH, run.asOf, run.cutoff);
    assert(again.rated.digest === run.digest, 'a month rated again comes out with the same digest');
    await reconciliation.reconcile({ partnerId, day: '2026-10-17' });
    const found = await findings.list({ partnerId, onlyOpen: true, limit: 10 });
    const wrong = found.filter(({ kind }) => kind === 'bucket' || kind === 'interval');
    assert(wrong.length === 0, 'a day’s buckets and intervals are what its events come to');
  }
  rows.push([
    'checked',
    `${count(messages)} messages sent, bucketed and billed; ${count(invoices)} numbers, no gap`,
    '',
  ]);
  rows.push(['', `${count(Number(minor) / 100)} EUR; 3 months rated again to their digests`, '']);
}

/** Processor seconds of both between two readings. */
function spent(before: Reading, after: Reading): number {
  return after.ownSeconds - before.ownSeconds + after.serverSeconds - before.serverSeconds;
}

async function inParallel(workers: number, work: () => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: workers }, work));
}

function table(): void {
  const width = Math.max(...rows.map(([name]) => name.length));
  const middle = Math.max(...rows.map(([, value]) => value.length));
  print('');
  print(`${''.padEnd(width)}  ${'measured'.padEnd(middle)}  aim`);
  for (const [name, value, aim] of rows) print(`${name.padEnd(width)}  ${value.padEnd(middle)}  ${aim}`.trimEnd());
}
