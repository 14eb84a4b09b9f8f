import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { ensureDatabase, freePort, startPostgres, startRedis } from '#embedded';
import { temporaryDirectory, until } from '#testing';
import { EmbeddedCluster } from './embedded-cluster.ts';
import { ImapClient } from './imap-client.ts';
import { Ledger } from './ledger.ts';
import { Worker } from './planned.ts';
import { RelaySink } from './relay-sink.ts';
import { SmtpClient } from './smtp-client.ts';

/** What came of an outage of PostgreSQL or Redis. */
export interface OutageReport {
  /** What clients of the hubs that stayed were told in it that they should not have been. */
  readonly refusals: readonly string[];
  readonly signIns: number;
  readonly sessions: number;
  readonly sessionsEnded: number;
  /** Volumes changed hands. */
  readonly promoted: boolean;
  /** What a stranger among the addresses was answered meanwhile. */
  readonly stranger: string;
  readonly acknowledged: number;
  readonly missing: readonly string[];
  readonly altered: readonly string[];
  readonly doubled: readonly string[];
  /** Messages for the world that were acknowledged; those that arrived while the service was still away, and in the end. */
  readonly sentOut: number;
  readonly leftMeanwhile: number;
  readonly arrived: number;
  /** Messages in and out as stored, and as billed once everything had caught up; how long that took after the service was back. */
  readonly messages: number;
  readonly metered: number;
  readonly caughtUpMs: number;
}

type Say = (line: string) => void;

const SIGN_IN_EVERY_MS = 2_000;
const SEND_OUT_EVERY_MS = 200;
const CAUGHT_UP_MS_MAX = 180_000;

/** PostgreSQL is stopped for `outageMs`; half-way one hub is killed, and comes back on the routing map it has saved. */
export async function postgresAway(outageMs: number, say: Say): Promise<OutageReport> {
  using directory = temporaryDirectory();
  const logFile = join(directory.path, 'postgres.log');
  const options = { directory: join(directory.path, 'postgres'), port: await freePort(), logFile };
  let postgres = await startPostgres(options);
  try {
    await using sink = await RelaySink.listen();
    const postgresUrl = await ensureDatabase(postgres.url, 'rookery');
    await using cluster = await EmbeddedCluster.start(['--restart'], { postgresUrl, relayHost: sink.address });
    return await outage(cluster, sink, {
      say,
      stop: () => postgres.stop(),
      during: async () => {
        await sleep(outageMs / 2);
        await restartLastHub(cluster, say);
        await sleep(outageMs / 2);
      },
      start: async () => {
        postgres = await startPostgres(options);
      },
      hubsThatStay: 1,
    });
  } finally {
    await postgres.stop();
  }
}

/** Redis is stopped for `outageMs`, and all it knew is lost. */
export async function redisAway(outageMs: number, say: Say): Promise<OutageReport> {
  using directory = temporaryDirectory();
  const port = await freePort();
  const start = (name: string) =>
    startRedis({ directory: join(directory.path, name), port, logFile: join(directory.path, 'redis.log') });
  let redis = await start('redis');
  try {
    await using sink = await RelaySink.listen();
    await using cluster = await EmbeddedCluster.start([], { redisUrl: redis.url, relayHost: sink.address });
    return await outage(cluster, sink, {
      say,
      stop: () => redis.stop(),
      during: () => sleep(outageMs),
      start: async () => {
        redis = await start('redis-new');
      },
      hubsThatStay: 2,
    });
  } finally {
    await redis.stop();
  }
}

interface Service {
  readonly say: Say;
  stop(): Promise<void>;
  during(): Promise<void>;
  start(): Promise<void>;
  readonly hubsThatStay: number;
}

async function outage(cluster: EmbeddedCluster, sink: RelaySink, service: Service): Promise<OutageReport> {
  const { hubs, demo } = cluster.file;
  const staying = hubs.slice(0, service.hubsThatStay);
  const recipients = demo.users.map(({ email }) => email);
  // Whom a hub knows is who has come by it.
  for (const { ports } of hubs) for (const user of demo.users) (await ImapClient.signIn(ports.imap, user)).close();
  const workers = await Promise.all(
    staying.flatMap(({ ports }) => demo.users.map((user) => Worker.start(ports.imap, user))),
  );
  await using ledger = new Ledger();
  await using others = new Ledger();
  for (const hub of hubs) (staying.includes(hub) ? ledger : others).startSender([hub.ports.smtp], recipients);
  const visits = new Visits(cluster, staying.length);
  await until('mail to flow', () => ledger.acknowledged.size > 20 && visits.sentOut.size > 2, 30_000);

  // As late as can be: what moves while a cluster comes up is not what is asked.
  const before = await owners(cluster);
  await service.stop();
  service.say('the service is stopped');
  const refusals = [...ledger.refusals, ...visits.refusals];
  const stranger = await askForStranger(hubs[0]?.ports.smtp ?? 0, demo.domain);
  await service.during();
  const leftMeanwhile = [...visits.sentOut].filter((key) => sink.received.has(key)).length;
  const meanwhile = [...ledger.refusals, ...visits.refusals].slice(refusals.length);
  const backAt = performance.now();
  await service.start();
  service.say(`the service is back; ${ledger.acknowledged.size} acknowledged, ${meanwhile.length} refused`);
  const after = await until('the control plane to answer again', () => owners(cluster).catch(() => undefined), 60_000);
  if (after !== before) await tellWhy(cluster, service.say, before, after);
  await visits.stop();
  await Promise.all([ledger.stop(), others.stop(), ...workers.map((worker) => worker.stop())]);

  const imap = hubs[0]?.ports.imap ?? 0;
  const checks = await Promise.all([ledger.check(imap, demo.users), others.check(imap, demo.users)]);
  const arrived = (): number => [...visits.sentOut].filter((key) => sink.received.has(key)).length;
  await until('mail for the world to arrive', () => arrived() === visits.sentOut.size, 60_000).catch(() => {});
  const messages = (await messagesOf(cluster)) + visits.sentOut.size;
  let billed = 0;
  const caughtUp = async (): Promise<boolean> => {
    billed = await metered(cluster);
    return billed === messages;
  };
  await until('every message to be metered', caughtUp, CAUGHT_UP_MS_MAX).catch(() => {});
  return {
    refusals: meanwhile,
    signIns: visits.signIns,
    sessions: workers.length,
    sessionsEnded: workers.filter(({ disconnected }) => disconnected).length,
    promoted: after !== before,
    stranger,
    acknowledged: ledger.acknowledged.size + others.acknowledged.size,
    missing: checks.flatMap(({ missing }) => missing),
    altered: checks.flatMap(({ altered }) => altered),
    doubled: checks.flatMap(({ doubled }) => doubled),
    sentOut: visits.sentOut.size,
    leftMeanwhile,
    arrived: arrived(),
    messages,
    metered: billed,
    caughtUpMs: performance.now() - backAt,
  };
}

/** Known users who come by the hubs that stay, again and again: some to read, some to send to the world. */
class Visits {
  readonly refusals: string[] = [];
  /** Keys of messages for the world that were answered 250. */
  readonly sentOut = new Set<string>();
  signIns = 0;
  private stopped = false;
  private readonly running: readonly Promise<void>[];

  constructor(
    private readonly cluster: EmbeddedCluster,
    hubs: number,
  ) {
    const numbers = Array.from({ length: hubs }, (_, index) => index);
    this.running = numbers.flatMap((hub) => [this.visit(hub), this.submit(hub)]);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.running);
  }

  private async visit(hub: number): Promise<void> {
    const { hubs, demo } = this.cluster.file;
    for (let number = 0; !this.stopped; number++) {
      const user = demo.users[number % demo.users.length]!;
      await ImapClient.signIn(hubs[hub]?.ports.imap ?? 0, user).then(
        (client) => {
          this.signIns++;
          client.close();
        },
        (error: Error) => this.refusals.push(`sign-in: ${error.message}`),
      );
      await sleep(SIGN_IN_EVERY_MS);
    }
  }

  private async submit(hub: number): Promise<void> {
    const { hubs, demo } = this.cluster.file;
    const user = demo.users[hub % demo.users.length]!;
    const login = Buffer.from(`\0${user.email}\0${user.password}`).toString('base64');
    while (!this.stopped) {
      const key = randomBytes(12).toString('hex');
      try {
        const client = await SmtpClient.open(hubs[hub]?.ports.submission ?? 0);
        await client.command(`AUTH PLAIN ${login}`, 235);
        const text = `From: ${user.email}\r\nTo: someone@elsewhere.example\r\nX-Probe: ${key}\r\n\r\nout\r\n`;
        await client.send(user.email, ['someone@elsewhere.example'], Buffer.from(text));
        this.sentOut.add(key);
        await client.quit();
      } catch (error) {
        this.refusals.push(`submission: ${(error as Error).message}`);
      }
      await sleep(SEND_OUT_EVERY_MS);
    }
  }
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function restartLastHub(cluster: EmbeddedCluster, say: Say): Promise<void> {
  const now = () => cluster.file.hubs.at(-1)!;
  const { pid, ports, name } = now();
  if (pid === null) throw new Error(`${name} is not running`);
  process.kill(pid, 'SIGKILL');
  await until('another process', () => now().pid !== null && now().pid !== pid, 30_000);
  await until(
    'it to greet',
    () =>
      SmtpClient.open(ports.smtp).then(
        (client) => client.quit().then(() => true),
        () => false,
      ),
    30_000,
  );
  say(`${name} was killed and has come back`);
}

async function askForStranger(port: number, domain: string): Promise<string> {
  const client = await SmtpClient.open(port);
  await client.command('MAIL FROM:<a@outside.example>', 250);
  const answer = await client.command(`RCPT TO:<never-seen@${domain}>`, 250).catch((error: Error) => error.message);
  await client.quit();
  return answer;
}

async function owners(cluster: EmbeddedCluster): Promise<string> {
  const { volumes } = (await cluster.cli('cluster', 'status')) as {
    readonly volumes: readonly { readonly id: string; readonly epoch: number; readonly owner: string | null }[];
  };
  return JSON.stringify(volumes.map(({ id, epoch, owner }) => [id, epoch, owner]));
}

/** Volumes have changed hands that should not: what the cluster says of it. */
async function tellWhy(cluster: EmbeddedCluster, say: Say, before: string, after: string): Promise<void> {
  say(`before ${before}, after ${after}`);
  for (const event of (await cluster.cli('cluster', 'events')) as readonly unknown[]) say(JSON.stringify(event));
}

/** Messages in all mailboxes of the demo: each was delivered once and costs once. */
async function messagesOf(cluster: EmbeddedCluster): Promise<number> {
  const { hubs, demo } = cluster.file;
  let total = 0;
  for (const user of demo.users) {
    const client = await ImapClient.signIn(hubs[0]?.ports.imap ?? 0, user);
    const exists = (await client.ok('SELECT INBOX')).find((line) => / EXISTS$/.test(line));
    total += Number(/(\d+) EXISTS/.exec(exists ?? '')?.[1] ?? 0);
    client.close();
  }
  return total;
}

async function metered(cluster: EmbeddedCluster): Promise<number> {
  const month = new Date().toISOString().slice(0, 7);
  const preview = (await cluster.cli('invoice', 'preview', cluster.file.demo.partner, '--month', month)) as {
    lines: { kind: string; quantity: string }[];
  };
  return preview.lines
    .filter(({ kind }) => kind === 'messages')
    .reduce((sum, { quantity }) => sum + Number(quantity), 0);
}
