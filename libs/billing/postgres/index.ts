/** Billing's ports over PostgreSQL: catalogue, terms, rating runs, invoices, credit notes, payments, the ledger. */
export * from './accounts.ts';
export * from './catalogue.ts';
export * from './close-month.ts';
export * from './collection.ts';
export * from './credit.ts';
export * from './finalize.ts';
export * from './invoice-book.ts';
export * from './late-scan.ts';
export * from './overdue.ts';
export * from './payment-book.ts';
export * from './payment-methods.ts';
export * from './payments.ts';
export * from './provider-events.ts';
export * from './rating-runs.ts';
export * from './subscriptions.ts';
