/** PostgreSQL and Redis as child processes, for the one-command cluster and for tests. */
export * from './ports.ts';
export * from './postgres.ts';
export * from './redis.ts';
export * from './service-process.ts';
