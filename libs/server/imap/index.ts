/** IMAP sessions: one command table over the mail store's port. */
export { EXTENSIONS, type ImapExtension } from './extensions.ts';
export { DEFAULT_IMAP_LIMITS, type ImapLimits } from './limits.ts';
export { ImapSession } from './session.ts';
export type { ImapSessionHooks, ImapSessionOptions } from './session-options.ts';
export { supportTable } from './support-table.ts';
