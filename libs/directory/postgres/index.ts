/** The directory in PostgreSQL. */
export { type KnownUsage, PostgresAccountUsage } from './account-usage.ts';
export { PostgresDirectoryLookup } from './lookup.ts';
export { lightestAccounts, misplacedAccounts } from './misplaced.ts';
export { pinDomain, pinsOf } from './pins.ts';
export { accountsByVolume } from './placement.ts';
export { PostgresDirectoryRegistry } from './registry.ts';
