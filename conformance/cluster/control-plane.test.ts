import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import pg from 'pg';
import { ensureDatabase, freePort, type ServiceProcess, startPostgres } from '#embedded';
import { severableProxy, temporaryDirectory, until } from '#testing';
import { EmbeddedCluster } from './embedded-cluster.ts';
import { ImapClient } from './imap-client.ts';
import { Ledger } from './ledger.ts';
import { SmtpClient } from './smtp-client.ts';

/** A primary whose commits wait for its standby, as Patroni's synchronous mode has it. */
async function startPair(directory: string): Promise<{ primary: ServiceProcess; standby: ServiceProcess }> {
  const place = async (name: string) => ({
    directory: join(directory, name),
    port: await freePort(),
    logFile: join(directory, `${name}.log`),
  });
  const [first, second] = [await place('primary'), await place('standby')];
  await (await startPostgres(first)).stop();
  // With owner and modes: PostgreSQL is particular about both.
  execFileSync('cp', ['-a', first.directory, second.directory]);
  writeFileSync(join(second.directory, 'data', 'standby.signal'), '');
  const primary = await startPostgres({ ...first, settings: { synchronous_standby_names: '*' } });
  const { username, password } = new URL(primary.url);
  const standby = await startPostgres({
    ...second,
    settings: { primary_conninfo: `host=127.0.0.1 port=${first.port} user=${username} password=${password}` },
  });
  return { primary, standby };
}

async function promote(url: string): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    const { rows } = await client.query<{ promoted: boolean }>('SELECT pg_promote() AS promoted');
    assert.equal(rows[0]?.promoted, true);
  } finally {
    await client.end();
  }
}

async function owners(cluster: EmbeddedCluster): Promise<unknown> {
  const status = (await cluster.cli('cluster', 'status')) as {
    volumes: readonly { readonly id: string; readonly epoch: number; readonly owner: string | null }[];
  };
  return status.volumes.map(({ id, epoch, owner }) => [id, epoch, owner]);
}

describe('PostgreSQL', () => {
  it('fails over to its standby under load: mail to known users flows on, nobody is promoted, and the control plane writes again', async () => {
    using directory = temporaryDirectory();
    const { primary, standby } = await startPair(directory.path);
    await using road = await severableProxy(primary.url);
    try {
      await ensureDatabase(primary.url, 'rookery');
      const database = new URL(road.url);
      database.pathname = '/rookery';
      await using cluster = await EmbeddedCluster.start([], { postgresUrl: database.href });
      const { hubs, demo } = cluster.file;
      const before = await owners(cluster);
      await using ledger = new Ledger();
      for (const { ports } of hubs)
        ledger.startSender(
          [ports.smtp],
          demo.users.map(({ email }) => email),
        );
      await until('mail to flow', () => ledger.acknowledged.size > 20);
      process.kill(primary.pid, 'SIGKILL');
      const acknowledged = ledger.acknowledged.size;
      await until('mail to flow on', () => ledger.acknowledged.size > acknowledged + 100);
      await promote(standby.url);
      road.redirect(standby.url);
      const made = await until(
        'the control plane to write',
        () => cluster.cli('alias', 'create', `new@${demo.domain}`, demo.users[0]!.email).catch(() => undefined),
        30_000,
      );
      assert.ok(made);
      assert.deepEqual(await owners(cluster), before, 'somebody was promoted');
      await ledger.stop();
      assert.deepEqual(ledger.refusals, []);
      const check = await ledger.check(hubs[0]?.ports.imap ?? 0, demo.users);
      assert.deepEqual([check.missing, check.altered, check.doubled], [[], [], []]);
    } finally {
      await standby.stop();
      await primary.stop();
    }
  });

  it('is away when a hub starts anew: it comes up on its last routing map, answers for now, and serves once PostgreSQL is back', async () => {
    using directory = temporaryDirectory();
    const options = {
      directory: directory.path,
      port: await freePort(),
      logFile: join(directory.path, 'postgres.log'),
    };
    let postgres = await startPostgres(options);
    try {
      const postgresUrl = await ensureDatabase(postgres.url, 'rookery');
      await using cluster = await EmbeddedCluster.start(['--restart'], { postgresUrl });
      const { demo, hubs } = cluster.file;
      const [hub] = hubs;
      const [user] = demo.users;
      assert.ok(hub?.pid && user);
      await postgres.stop();
      process.kill(hub.pid, 'SIGKILL');
      await until('another process', () => {
        const { pid } = cluster.file.hubs[0]!;
        return pid !== null && pid !== hub.pid;
      });
      const client = await until(
        'the hub to greet',
        () => SmtpClient.open(hub.ports.smtp).catch(() => undefined),
        20_000,
      );
      await client.command('MAIL FROM:<sender@outside.example>', 250);
      await assert.rejects(client.command(`RCPT TO:<${user.email}>`, 250), /got: 451 4\.4\.3/);
      await client.quit();
      await assert.rejects(ImapClient.signIn(hub.ports.imap, user), /UNAVAILABLE/);
      assert.equal((await fetch(`http://127.0.0.1:${hub.ports.http}/healthz`)).status, 200);
      postgres = await startPostgres(options);
      const reader = await until(
        'a sign-in',
        () => ImapClient.signIn(hub.ports.imap, user).catch(() => undefined),
        20_000,
      );
      await reader.ok('SELECT INBOX');
      reader.close();
    } finally {
      await postgres.stop();
    }
  });
});
