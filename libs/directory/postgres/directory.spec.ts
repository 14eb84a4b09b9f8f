import { after, before } from 'node:test';
import pg from 'pg';
import { Database } from '#database';
import { CHEAP_PASSWORDS, directoryContract } from '#directory/contract';
import { silentLogger, systemClock, systemRandom } from '#stdx';
import { severableProxy, testDatabase } from '#testing';
import { insertCluster, insertVolume } from './fixture.spec-fixture.ts';
import { PostgresDirectoryLookup } from './lookup.ts';
import { PostgresDirectoryRegistry } from './registry.ts';

let home: Awaited<ReturnType<typeof testDatabase>>;
before(async () => {
  home = await testDatabase();
});
after(() => home[Symbol.asyncDispose]());

directoryContract('PostgreSQL', async () => {
  await empty(home.url);
  const database = new Database({ url: home.url });
  const proxy = await severableProxy(home.url);
  const lookupDatabase = new Database({ url: proxy.url });
  const lookup = new PostgresDirectoryLookup(lookupDatabase, proxy.url, systemClock, silentLogger);
  await lookup.start();
  const clusterId = await insertCluster(database, 'shared', true);
  const foreignClusterId = await insertCluster(database, 'foreign', false);
  return {
    registry: new PostgresDirectoryRegistry(database, systemRandom, CHEAP_PASSWORDS),
    lookup,
    clusterId,
    foreignClusterId,
    foreignVolumeId: await insertVolume(database, foreignClusterId, 'elsewhere', 'standard', 1),
    volumes: {
      light: await insertVolume(database, clusterId, 'light', 'standard', 1),
      heavy: await insertVolume(database, clusterId, 'heavy', 'standard', 2),
      premium: await insertVolume(database, clusterId, 'premium', 'premium', 1),
    },
    usage: async () => {
      const rows = await database.query<{ payload: never }>(
        `SELECT payload FROM outbox WHERE topic = 'usage' ORDER BY id`,
      );
      return rows.map((row) => row.payload);
    },
    cutOff: async () => proxy.cut(),
    [Symbol.asyncDispose]: async () => {
      await lookup.close();
      await proxy[Symbol.asyncDispose]();
      await Promise.all([lookupDatabase.close(), database.close()]);
    },
  };
});

/** One database serves all tests of the file: making one takes longer than the test. */
async function empty(url: string): Promise<void> {
  const owner = new pg.Client({ connectionString: url });
  await owner.connect();
  for (const table of ['outbox', 'account', 'alias', 'domain', 'api_key', 'volume', 'cluster', 'partner'])
    await owner.query(`DELETE FROM ${table}`);
  await owner.end();
}
