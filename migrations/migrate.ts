import { DataSource } from 'typeorm';
import { MIGRATIONS } from './timeline.ts';

/** Brings the database at `url` to the newest schema. Safe to run from several processes: an advisory lock lets one work. Returns the names applied. */
export async function migrate(url: string): Promise<string[]> {
  const source = new DataSource({
    type: 'postgres',
    url,
    migrations: MIGRATIONS,
    migrationsTableName: 'schema_migration',
    migrationsTransactionMode: 'each',
  });
  await source.initialize();
  const runner = source.createQueryRunner();
  try {
    await runner.query('SELECT pg_advisory_lock(720197)');
    const applied = await source.runMigrations();
    return applied.map((migration) => migration.name);
  } finally {
    await runner.query('SELECT pg_advisory_unlock(720197)').catch(() => {});
    await runner.release();
    await source.destroy();
  }
}
