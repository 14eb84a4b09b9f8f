/** The mail store's port: accounts, mailboxes, messages, keywords, modSeq, changes. No protocol's shape. */
export * from './errors.ts';
export * from './filter.ts';
export * from './model.ts';
export * from './queue.ts';
export * from './store.ts';
export * from './usage.ts';
