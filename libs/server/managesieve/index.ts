/** ManageSieve sessions of signed-in users, over a mail store. */
export { DEFAULT_MANAGESIEVE_LIMITS, type ManageSieveLimits } from './limits.ts';
export { ManageSieveSession, type ManageSieveSessionOptions } from './session.ts';
export { supportTable } from './support-table.ts';
