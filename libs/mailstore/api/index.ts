/** The mail store's port: accounts, mailboxes, messages, keywords, modSeq, changes. No protocol's shape. */

export * from './annotations.ts';
export * from './backup.ts';
export * from './deleted.ts';
export * from './errors.ts';
export * from './filter.ts';
export * from './keywords.ts';
export * from './limits.ts';
export * from './matching.ts';
export * from './message-text.ts';
export * from './model.ts';
export * from './names.ts';
export * from './parser.ts';
export * from './permitted.ts';
export * from './queue.ts';
export * from './ranges.ts';
export * from './scripts.ts';
export * from './sharing.ts';
export * from './store.ts';
export * from './text-index.ts';
export * from './threads.ts';
export * from './transfer/account-transfer.ts';
export * from './transfer/records.ts';
export * from './transfer/stream.ts';
export * from './upkeep.ts';
export * from './usage.ts';
