/** PostgreSQL for the engines: a pool, transactions, and the partner scope that row-level security reads. */
export * from './database.ts';
export * from './listener.ts';
