/** IMAP sessions: one command table over the mail store's port. */
export { type ImapConnection, legConnection, streamConnection } from './connection.ts';
export { EXTENSIONS, type ImapExtension } from './extensions.ts';
export { DEFAULT_IMAP_LIMITS, type ImapLimits } from './limits.ts';
export { ImapSession, type ImapSessionHooks, type ImapSessionOptions } from './session.ts';
export { supportTable } from './support-table.ts';
