/** The directory in PostgreSQL. */
export { PostgresDirectoryLookup } from './lookup.ts';
export { PostgresDirectoryRegistry } from './registry.ts';
