import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Queue, QueueEvents } from 'bullmq';
import { Redis } from 'ioredis';
import { Database } from '#database';
import { USAGE_QUEUE, type UsageEvent, UsageSender, writeUsage } from '#metering';
import { testDatabase, testServices, until } from '#testing';

const ENTRY = join(import.meta.dirname, 'main.js');

/** The process itself, over real PostgreSQL and Redis, killed and emptied. */
describe('billing process', () => {
  let own: Awaited<ReturnType<typeof testDatabase>>;
  let database: Database;
  let partner = '';
  let child: ChildProcess;
  // A Redis database of our own, so that emptying it disturbs no other test.
  const redisUrl = `${testServices().redisUrl.replace(/\/\d*$/, '')}/7`;

  before(async () => {
    own = await testDatabase();
    database = new Database({ url: own.url });
    partner = (
      await database.query<{ id: string }>(`INSERT INTO partner (slug, name) VALUES ('acme', 'Acme') RETURNING id`)
    )[0]!.id;
    await emptyRedis();
    child = start();
  });
  after(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    await database.close();
    await own[Symbol.asyncDispose]();
  });

  const start = (): ChildProcess =>
    spawn(process.execPath, [ENTRY], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: {
        ...process.env,
        DATABASE_URL: own.url,
        REDIS_URL: redisUrl,
        ROOKERY_STATUS_PORT: '0',
        ROOKERY_LOG_LEVEL: 'fatal',
        ROOKERY_BILLING_OUTBOX_POLL_MS: '20',
      },
    });
  const emptyRedis = async (): Promise<void> => {
    const redis = new Redis(redisUrl);
    await redis.flushdb();
    await redis.quit();
  };
  const event = (id: string, source: string): UsageEvent => ({
    id,
    source,
    partnerId: partner,
    at: new Date(Date.now() - 1_000).toISOString(),
    subject: 'account',
    kind: 'counter',
    meter: 'messages-in',
    quantity: 1,
  });
  const count = async (source: string): Promise<number> =>
    Number(
      (await database.query<{ n: string }>('SELECT count(*) AS n FROM usage_event WHERE source = $1', [source]))[0]!.n,
    );
  const waiting = async (): Promise<number> =>
    Number((await database.query<{ n: string }>('SELECT count(*) AS n FROM outbox'))[0]!.n);

  it('counts the outbox and forgets it, though killed again and again in the middle', async () => {
    for (let batch = 0; batch < 3; batch++) {
      const events = Array.from({ length: 1_500 }, (_, n) => event(`${batch}-${n}`, 'outbox'));
      await database.transaction((client) => writeUsage(client, events));
      await until('some of them counted', async () => (await count('outbox')) > batch * 1_500, 20_000);
      child.kill('SIGKILL');
      await once(child, 'exit');
      child = start();
    }
    await until('all counted', async () => (await waiting()) === 0, 20_000);
    assert.equal(await count('outbox'), 4_500);
  });

  it('counts batches of hubs and nodes once, through kills and an emptied Redis', async () => {
    const connection = { url: redisUrl, maxRetriesPerRequest: null };
    const queue = new Queue(USAGE_QUEUE, { connection });
    const finished = new QueueEvents(USAGE_QUEUE, { connection });
    await finished.waitUntilReady();
    const sender = new UsageSender(queue, finished, 1_500);
    const batches = Array.from({ length: 12 }, (_, batch) =>
      Array.from({ length: 100 }, (_, n) => event(`${batch}-${n}`, 'node')),
    );
    // A sender keeps a batch until it has an answer, as a volume's outbox does.
    const deliver = async (events: UsageEvent[], index: number): Promise<void> => {
      for (;;) {
        try {
          return await sender.send(`volume~${index}`, events);
        } catch {}
      }
    };
    const sent = Promise.all(batches.map(deliver));
    await until('the first are counted', async () => (await count('node')) > 0, 20_000);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await emptyRedis();
    child = start();
    await sent;
    assert.equal(await count('node'), 1_200);
    await sender.send('volume~0', batches[0]!);
    await sender.send('volume~0~again', batches[0]!);
    assert.equal(await count('node'), 1_200);
    await Promise.all([queue.close(), finished.close()]);
  });

  it('stops when asked, leaving the outbox to its successor', async () => {
    child.kill('SIGTERM');
    const [code] = await once(child, 'exit');
    assert.equal(code, 0);
  });
});
