/** One forward-only timeline, run at start by whoever comes first. */
export { migrate } from './migrate.ts';
