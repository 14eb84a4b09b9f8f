import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import pg from 'pg';
import { Database, isDatabaseUnavailable } from './database.ts';

describe('a transaction', () => {
  it('whose connection is taken away rejects, ends nothing but itself, and leaves the pool usable', async () => {
    // Started by `npm test`; no table is needed.
    const url = process.env['ROOKERY_TEST_POSTGRES_URL'] ?? '';
    const database = new Database({ url });
    const owner = new pg.Client(url);
    await owner.connect();
    const end = (pid: number) => owner.query('SELECT pg_terminate_backend($1)', [pid]);
    const pid = async (): Promise<number> =>
      (await database.query<{ pid: number }>('SELECT pg_backend_pid() AS pid'))[0]!.pid;
    for (const between of [true, false]) {
      const work = database.transaction(async (client) => {
        const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
        const own = rows[0]!.pid;
        // Between two questions, and with one under way.
        if (between) {
          await end(own);
          await new Promise((resolve) => setTimeout(resolve, 50));
          return client.query('SELECT 1');
        }
        const asked = client.query('SELECT pg_sleep(10)');
        await Promise.all([asked, end(own)]);
        return asked;
      });
      await assert.rejects(work, isDatabaseUnavailable);
      assert.ok((await pid()) > 0);
    }
    await owner.end();
    await database.close();
  });
});
