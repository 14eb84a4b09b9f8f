import { Tenancy1700000001000 } from './1700000001000-tenancy.ts';

/** In order; class names end in a timestamp, by which TypeORM sorts. */
export const MIGRATIONS = [Tenancy1700000001000];
