/** Billing's ports over PostgreSQL. */
export * from './accounts.ts';
