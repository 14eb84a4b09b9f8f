import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ensureDatabase, freePort, startPostgres, startRedis } from '#embedded';
import { temporaryDirectory, until } from '#testing';
import { EmbeddedCluster } from './embedded-cluster.ts';
import { ImapClient } from './imap-client.ts';
import { Ledger } from './ledger.ts';
import { SmtpClient } from './smtp-client.ts';

/** How long the service is gone. A minute by command (ROOKERY_OUTAGE_MS=60000), shorter in the everyday run. */
const OUTAGE_MS = Number(process.env.ROOKERY_OUTAGE_MS ?? 8_000);

interface Status {
  readonly volumes: readonly { readonly id: string; readonly epoch: number; readonly owner: string | null }[];
}

const owners = async (cluster: EmbeddedCluster): Promise<string> => {
  const { volumes } = (await cluster.cli('cluster', 'status')) as Status;
  return JSON.stringify(volumes.map(({ id, epoch, owner }) => [id, epoch, owner]));
};

describe('with PostgreSQL gone', () => {
  it('mail to known users flows, known users sign in, nobody is promoted, and strangers get a temporary error', async () => {
    using directory = temporaryDirectory();
    const options = {
      directory: join(directory.path, 'postgres'),
      port: await freePort(),
      logFile: join(directory.path, 'postgres.log'),
    };
    let postgres = await startPostgres(options);
    try {
      await using cluster = await EmbeddedCluster.start([], {
        postgresUrl: await ensureDatabase(postgres.url, 'rookery'),
      });
      const { hubs, demo } = cluster.file;
      const before = await owners(cluster);
      for (const { ports } of hubs) for (const user of demo.users) (await ImapClient.signIn(ports.imap, user)).close();
      await using ledger = new Ledger();
      for (const { ports } of hubs)
        ledger.startSender(
          [ports.smtp],
          demo.users.map(({ email }) => email),
        );
      await until('mail to flow', () => ledger.acknowledged.size > 20);

      await postgres.stop();
      const goneAt = performance.now();
      const [refused, acknowledged] = [[...ledger.refusals], ledger.acknowledged.size];
      for (const { ports } of hubs) {
        for (const user of demo.users) (await ImapClient.signIn(ports.imap, user)).close();
        const stranger = await SmtpClient.open(ports.smtp);
        await stranger.command('MAIL FROM:<a@outside.example>', 250);
        await assert.rejects(
          () => stranger.command(`RCPT TO:<never-seen@${demo.domain}>`, 250),
          /expected 250, got: 4/,
        );
        await stranger.quit();
      }
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, OUTAGE_MS - (performance.now() - goneAt))));
      assert.deepEqual(ledger.refusals, refused, 'mail to known users was refused');
      assert.ok(ledger.acknowledged.size > acknowledged + 20);

      postgres = await startPostgres(options);
      const after = await until(
        'the control plane to answer again',
        () => owners(cluster).catch(() => undefined),
        30_000,
      );
      assert.equal(after, before, 'somebody was promoted');
      await ledger.stop();
      const check = await ledger.check(hubs[0]?.ports.imap ?? 0, demo.users);
      assert.deepEqual([check.missing, check.altered, check.doubled], [[], [], []]);
    } finally {
      await postgres.stop();
    }
  });
});

describe('with Redis gone and emptied', () => {
  it('mail flows, and every message is counted afterwards', async () => {
    using directory = temporaryDirectory();
    const port = await freePort();
    const start = (name: string) =>
      startRedis({ directory: join(directory.path, name), port, logFile: join(directory.path, 'redis.log') });
    let redis = await start('redis');
    try {
      await using cluster = await EmbeddedCluster.start([], { redisUrl: redis.url });
      const { hubs, demo } = cluster.file;
      await redis.stop();
      await using ledger = new Ledger();
      for (const { ports } of hubs)
        ledger.startSender(
          [ports.smtp],
          demo.users.map(({ email }) => email),
        );
      await new Promise((resolve) => setTimeout(resolve, OUTAGE_MS));
      await ledger.stop();
      assert.deepEqual(ledger.refusals, []);
      // An empty directory: all that Redis knew is lost.
      redis = await start('redis-new');
      const received = await messagesOf(cluster);
      await until('every message to be metered', async () => (await metered(cluster)) === received, 60_000);
    } finally {
      await redis.stop();
    }
  });
});

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
