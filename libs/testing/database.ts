import pg from 'pg';

/** Where the test run's PostgreSQL and Redis are; `npm test` starts both and says so in the environment. */
export function testServices(): { readonly postgresUrl: string; readonly redisUrl: string } {
  const { ROOKERY_TEST_POSTGRES_URL: postgresUrl, ROOKERY_TEST_REDIS_URL: redisUrl } = process.env;
  if (!postgresUrl || !redisUrl)
    throw new Error('This test needs PostgreSQL and Redis: run it through `npm test -- PATTERN`, which starts both.');
  return { postgresUrl, redisUrl };
}

/** A database of one's own with the newest schema, cloned from the run's template; dropped when disposed. */
export async function testDatabase(): Promise<{ readonly url: string } & AsyncDisposable> {
  const { postgresUrl } = testServices();
  const name = `test_${Date.now().toString(36)}_${Math.random().toString(36).slice(2, 10)}`;
  await administer(postgresUrl, `CREATE DATABASE ${name} TEMPLATE rookery_template`);
  const url = new URL(postgresUrl);
  url.pathname = `/${name}`;
  return {
    url: url.href,
    [Symbol.asyncDispose]: () => administer(postgresUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  };
}

async function administer(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    // Two clones of one template at once refuse each other; the lock makes them take turns.
    await client.query('SELECT pg_advisory_lock(720198)');
    await client.query(sql);
  } finally {
    await client.end();
  }
}
