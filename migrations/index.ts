/** One forward-only timeline. Class names end in a timestamp, which is their order. */
import { Tenancy1700000001000 } from './1700000001000-tenancy.ts';

export { migrate } from './migrate.ts';
export const MIGRATIONS = [Tenancy1700000001000];
