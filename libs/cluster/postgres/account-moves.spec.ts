import { after, before } from 'node:test';
import { accountMovesContract } from '#cluster/contract';
import { Database } from '#database';
import { present, silentLogger, systemClock, systemRandom } from '#stdx';
import { testDatabase } from '#testing';
import { PostgresAccountMoves } from './account-moves.ts';
import { createCluster } from './clusters.ts';
import { PostgresClusterState } from './postgres-cluster-state.ts';

let scratch: Awaited<ReturnType<typeof testDatabase>>;
let database: Database;
let made = 0;

before(async () => {
  scratch = await testDatabase();
  database = new Database({ url: scratch.url });
});
after(async () => {
  await database.close();
  await scratch[Symbol.asyncDispose]();
});

const insert = async (sql: string, values: readonly unknown[]): Promise<string> =>
  present((await database.query<{ id: string }>(`${sql} RETURNING id`, [...values]))[0], 'a row').id;

accountMovesContract('PostgresAccountMoves', async () => {
  const name = `m${++made}`;
  const partnerId = await insert('INSERT INTO partner (slug, name) VALUES ($1, $1)', [name]);
  const cluster = await createCluster(database, { partnerId, name }, systemRandom);
  const state = new PostgresClusterState(cluster.id, database, scratch.url, systemClock, silentLogger);
  const volume = async (title: string): Promise<string> => {
    const mount = { driver: 'local' as const, path: `/${title}`, args: [] };
    const more = { volumeClass: 'standard', weight: 1, preferredNodeId: null, fence: null };
    return (await state.addVolume({ name: title, mount, ...more })).id;
  };
  const volumes = [await volume('one'), await volume('two')] as const;
  const domainId = await insert('INSERT INTO domain (partner_id, name, cluster_id) VALUES ($1, $2, $3)', [
    ...[partnerId, `${name}.example`, cluster.id],
  ]);
  const accountId = await insert(
    'INSERT INTO account (partner_id, domain_id, email, volume_id, verifier) VALUES ($1, $2, $3, $4, $5)',
    [partnerId, domainId, `a@${name}.example`, volumes[0], 'none'],
  );
  const lease = present(await state.acquireLeadership(systemRandom.uuid(), 60_000), 'the lease');
  return {
    moves: new PostgresAccountMoves(cluster.id, database),
    accountId,
    volumes,
    leaderEpoch: lease.epoch,
    async home() {
      const [row] = await database.query<{ volume_id: string }>('SELECT volume_id FROM account WHERE id = $1', [
        accountId,
      ]);
      return row?.volume_id;
    },
    async deleteAccount() {
      await database.query('DELETE FROM account WHERE id = $1', [accountId]);
    },
    [Symbol.asyncDispose]: () => state.close(),
  };
});
