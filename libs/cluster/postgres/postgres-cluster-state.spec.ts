import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { ClusterStateUnavailableError } from '#cluster/api';
import { clusterStateContract } from '#cluster/contract';
import { Database } from '#database';
import type { UsageEvent } from '#metering';
import { silentLogger, systemClock, systemRandom } from '#stdx';
import { testDatabase } from '#testing';
import { createCluster, findCluster, listClusters } from './clusters.ts';
import { PostgresClusterState } from './postgres-cluster-state.ts';

let scratch: Awaited<ReturnType<typeof testDatabase>>;
let database: Database;
let partnerId: string;
let made = 0;

before(async () => {
  scratch = await testDatabase();
  database = new Database({ url: scratch.url });
  const [partner] = await database.query<{ id: string }>(
    `INSERT INTO partner (slug, name) VALUES ('operator', 'Operator') RETURNING id`,
  );
  partnerId = partner?.id ?? '';
});

after(async () => {
  await database.close();
  await scratch[Symbol.asyncDispose]();
});

clusterStateContract('PostgresClusterState', async () => {
  await database.query('DELETE FROM outbox');
  await database.query('DELETE FROM hub');
  const cluster = await createCluster(database, { partnerId, name: `cluster-${++made}` }, systemRandom);
  const state = new PostgresClusterState(cluster.id, database, scratch.url, systemClock, silentLogger);
  return {
    state,
    async usage() {
      const rows = await database.query<{ payload: UsageEvent; partner_id: string }>(
        `SELECT payload, partner_id FROM outbox WHERE topic = 'usage' ORDER BY id`,
      );
      assert.ok(rows.every(({ payload, partner_id }) => partner_id === partnerId && payload.partnerId === partnerId));
      return rows.map(({ payload }) => payload);
    },
    pass: (ms) => systemClock.sleep(ms),
    [Symbol.asyncDispose]: () => state.close(),
  };
});

it('finds clusters by id and by name, and lists those of one owner', async () => {
  const cluster = await createCluster(database, { partnerId, name: 'shared' }, systemRandom);
  assert.equal(cluster.key.length, 32);
  assert.deepEqual(await findCluster(database, 'shared'), cluster);
  assert.deepEqual(await findCluster(database, cluster.id), cluster);
  assert.equal(await findCluster(database, 'nobody'), undefined);
  assert.ok((await listClusters(database, partnerId)).some(({ id }) => id === cluster.id));
  assert.deepEqual(await listClusters(database, cluster.id), []);
});

it('shows a partner its own cluster, and nobody the key', async () => {
  const [other] = await database.query<{ id: string }>(
    `INSERT INTO partner (slug, name) VALUES ('other', 'Other') RETURNING id`,
  );
  const mine = await createCluster(database, { partnerId: other?.id ?? '', name: 'own-machines' }, systemRandom);
  const seen = await database.asPartner(other?.id, (client) =>
    client.query<{ id: string }>('SELECT id, name FROM cluster'),
  );
  assert.deepEqual(
    seen.rows.map(({ id }) => id),
    [mine.id],
  );
  await assert.rejects(
    database.asPartner(other?.id, (client) => client.query('SELECT key FROM cluster')),
    /permission denied/,
  );
  for (const table of ['hub', 'node', 'volume', 'leader_lease', 'cluster_event']) {
    const rows = await database.asPartner(other?.id, (client) => client.query(`SELECT * FROM ${table}`));
    assert.equal(rows.rowCount, 0, table);
    await assert.rejects(
      database.asPartner(other?.id, (client) => client.query(`DELETE FROM ${table}`)),
      /permission denied/,
    );
  }
});

it('never lets a volume change owner without a new epoch, whoever writes', async () => {
  const cluster = await createCluster(database, { partnerId, name: 'guarded' }, systemRandom);
  const state = new PostgresClusterState(cluster.id, database, scratch.url, systemClock, silentLogger);
  const volume = await state.addVolume({
    name: 'a',
    mount: { driver: 'local', path: '/a', args: [] },
    volumeClass: 'standard',
    weight: 1,
    preferredNodeId: null,
    fence: ['/usr/local/bin/fence', '--now'],
  });
  assert.deepEqual((await state.snapshot()).volumes[0]?.fence, ['/usr/local/bin/fence', '--now']);
  await database.query('UPDATE volume SET epoch = 5 WHERE id = $1', [volume.id]);
  await assert.rejects(database.query('UPDATE volume SET epoch = 4 WHERE id = $1', [volume.id]), /without a new epoch/);
});

it('says that the control plane is away when it is', async () => {
  const away = new Database({ url: 'postgres://postgres@127.0.0.1:1/none', timeoutMs: 500 });
  const state = new PostgresClusterState(partnerId, away, scratch.url, systemClock, silentLogger);
  await assert.rejects(state.snapshot(), ClusterStateUnavailableError);
  await assert.rejects(state.readLeadership(), ClusterStateUnavailableError);
  await away.close();
});
