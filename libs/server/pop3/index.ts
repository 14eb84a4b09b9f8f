/** POP3 sessions: one command table over the mail store's port. */
export { DEFAULT_POP3_LIMITS, type Pop3Limits } from './limits.ts';
export { MaildropLocks } from './maildrop-locks.ts';
export { Pop3Session, type Pop3SessionOptions } from './session.ts';
