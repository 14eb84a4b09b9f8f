// `npm run bench -- directory [--accounts 1000000] [--domains 100000] [--lookups 20000]`
// How long a hub needs to find whose an address is: cold (PostgreSQL asked by key, an address never asked for before) and
// warm (the hub's cache), beside a bare `SELECT 1` on the same connection in the same run; what it takes on disk and in memory.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import pg from 'pg';
import { Database } from '#database';
import { PostgresDirectoryLookup } from '#directory/postgres';
import { freePort, startPostgres } from '#embedded';
import { CachedDirectory } from '#frontdoor';
import { seededRandom, silentLogger, systemClock } from '#stdx';
import { migrate } from '../migrations/index.ts';

const { values } = parseArgs({
  options: {
    accounts: { type: 'string', default: '1000000' },
    domains: { type: 'string', default: '100000' },
    lookups: { type: 'string', default: '20000' },
  },
});
const accounts = Number(values.accounts);
const domains = Number(values.domains);
const lookups = Number(values.lookups);
const VOLUMES = 1_000;
const print = (line: string): void => void process.stdout.write(`${line}\n`);
const random = seededRandom(1);

const directory = mkdtempSync(join(tmpdir(), 'rookery-bench-directory-'));
// Not durable while it is filled: reading is what is measured.
const settings = { shared_buffers: '1GB', max_wal_size: '8GB', fsync: 'off', synchronous_commit: 'off' };
const postgres = await startPostgres({ directory, port: await freePort(), logFile: join(directory, 'log'), settings });
try {
  await migrate(postgres.url);
  const owner = new pg.Client(postgres.url);
  owner.on('error', () => {});
  await owner.connect();
  await fill(owner);
  const database = new Database({ url: postgres.url, connectionsMax: 1 });
  const lookup = new PostgresDirectoryLookup(database, postgres.url, systemClock, silentLogger);
  report('SELECT 1, for comparison', await timed(lookups, () => database.query('SELECT 1')));
  report('recipient, cold', await timed(lookups, () => lookup.resolveRecipient(anyAddress())));
  report('recipient, an alias', await timed(lookups, () => lookup.resolveRecipient(`sales@${anyDomain()}`)));
  report('login, cold', await timed(lookups, () => lookup.findLogin(anyAddress())));
  report('recipient, unknown', await timed(lookups, (n) => lookup.resolveRecipient(`nobody${n}@${anyDomain()}`)));
  await warm(new CachedDirectory(lookup, systemClock));
  await explain(database);
  await database.close();
  await owner.end();
} finally {
  await postgres.stop();
  rmSync(directory, { recursive: true, force: true });
}

function anyDomain(): string {
  return `d${Math.floor(random.fraction() * domains)}.example`;
}

function anyAddress(): string {
  const account = Math.floor(random.fraction() * accounts);
  return `user${account}@d${account % domains}.example`;
}

/** Straight into the tables, without the triggers that keep single changes honest. */
async function fill(owner: pg.Client): Promise<void> {
  const started = performance.now();
  await owner.query("SET session_replication_role = 'replica'");
  const {
    rows: [partner],
  } = await owner.query<{ id: string }>("INSERT INTO partner (slug, name) VALUES ('bench', 'Bench') RETURNING id");
  const {
    rows: [cluster],
  } = await owner.query<{ id: string }>(
    `INSERT INTO cluster (partner_id, name, key, shared) VALUES ($1, 'bench', decode(repeat('00', 32), 'hex'), true) RETURNING id`,
    [partner?.id],
  );
  await owner.query(
    `INSERT INTO volume (cluster_id, partner_id, name, mount)
     SELECT $1, $2, 'v' || n, jsonb_build_object('driver', 'local', 'path', '/v' || n, 'args', '[]'::jsonb) FROM generate_series(1, $3::int) n`,
    [cluster?.id, partner?.id, VOLUMES],
  );
  await owner.query(
    `INSERT INTO domain (partner_id, cluster_id, name) SELECT $1, $2, 'd' || n || '.example' FROM generate_series(0, $3::int - 1) n`,
    [partner?.id, cluster?.id, domains],
  );
  await owner.query(
    `CREATE TEMP TABLE home AS SELECT row_number() OVER () - 1 AS n, id FROM volume; CREATE TEMP TABLE place AS SELECT substring(name FROM '\\d+')::int AS n, id FROM domain; ANALYZE home; ANALYZE place`,
  );
  await owner.query(
    `INSERT INTO account (partner_id, domain_id, email, volume_id, verifier)
     SELECT $1, place.id, 'user' || account.n || '@d' || place.n || '.example', home.id, '$argon2id$v=19$m=19456,t=2,p=1$' || repeat('x', 66)
     FROM generate_series(0, $2::int - 1) AS account(n)
     JOIN place ON place.n = account.n % $3::int JOIN home ON home.n = account.n % ${VOLUMES}`,
    [partner?.id, accounts, domains],
  );
  await owner.query(
    `INSERT INTO alias (partner_id, domain_id, email, targets, target_keys)
     SELECT $1, place.id, 'sales@d' || place.n || '.example', target.list, target.list
     FROM place CROSS JOIN LATERAL (SELECT ARRAY['user' || place.n || '@d' || place.n || '.example'] AS list) target`,
    [partner?.id],
  );
  await owner.query('ANALYZE');
  const {
    rows: [size],
  } = await owner.query<{ account: string; domain: string }>(
    "SELECT pg_size_pretty(pg_total_relation_size('account')) AS account, pg_size_pretty(pg_total_relation_size('domain')) AS domain",
  );
  print(
    `${accounts} accounts in ${domains} domains, filled in ${((performance.now() - started) / 1_000).toFixed(0)} s: accounts ${size?.account}, domains ${size?.domain} with their indexes`,
  );
}

/** Milliseconds of each call, one after another. */
async function timed(count: number, ask: (n: number) => Promise<unknown>): Promise<number[]> {
  for (let n = 0; n < 200; n++) await ask(-1 - n);
  const times: number[] = [];
  for (let n = 0; n < count; n++) {
    const begun = performance.now();
    await ask(n);
    times.push(performance.now() - begun);
  }
  return times.sort((a, b) => a - b);
}

function report(what: string, times: readonly number[]): void {
  const at = (fraction: number): string =>
    `${((times[Math.floor(times.length * fraction)] ?? 0) * 1_000).toFixed(1)} µs`;
  print(`${what.padEnd(26)} p50 ${at(0.5).padStart(10)}  p99 ${at(0.99).padStart(10)}`);
}

async function warm(cached: CachedDirectory): Promise<void> {
  const known = Array.from({ length: lookups }, anyAddress);
  const before = heapBytes();
  for (const address of known) await cached.resolveRecipient(address);
  const bytes = (heapBytes() - before) / known.length;
  report('recipient, warm', await timed(lookups, (n) => cached.resolveRecipient(known[Math.abs(n) % known.length]!)));
  print(`the hub keeps about ${bytes.toFixed(0)} bytes for each address it knows`);
  cached.close();
}

/** What is in use after a collection. */
function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

/** The plan PostgreSQL holds for the question, prepared on the one connection there is. */
async function explain(database: Database): Promise<void> {
  const address = anyAddress();
  const plan = await database.query<{ 'QUERY PLAN': string }>(
    `EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) EXECUTE "directory-walk"('${address}', '${address}', true)`,
  );
  for (const line of plan) print(`  ${line['QUERY PLAN']}`);
}
