import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { freePort } from './ports.ts';
import { ensureDatabase, startPostgres } from './postgres.ts';
import { startRedis } from './redis.ts';

/** PostgreSQL (not durable: a test run needs no promise) with a migrated template database, and Redis; both on free ports under `directory`. */
export async function startTestServices(
  directory: string,
  migrationsModule: string,
): Promise<{ readonly environment: Record<string, string>; stop(): Promise<void> }> {
  const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };
  const [postgres, redis] = await Promise.all([
    startPostgres({
      directory: join(directory, 'postgres'),
      port: await freePort(),
      logFile: join(directory, 'postgres.log'),
      settings,
    }),
    startRedis({ directory: join(directory, 'redis'), port: await freePort(), logFile: join(directory, 'redis.log') }),
  ]);
  const template = await ensureDatabase(postgres.url, 'rookery_template');
  const { migrate } = (await import(pathToFileURL(migrationsModule).href)) as {
    migrate(url: string): Promise<string[]>;
  };
  await migrate(template);
  return {
    environment: { ROOKERY_TEST_POSTGRES_URL: postgres.url, ROOKERY_TEST_REDIS_URL: redis.url },
    async stop() {
      await Promise.all([postgres.stop(), redis.stop()]);
    },
  };
}
