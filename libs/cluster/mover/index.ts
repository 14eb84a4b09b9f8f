/** What a leader does to bring accounts from volume to volume. */
export { AccountMover } from './account-mover.ts';
export { type AccountMoverSettings, DEFAULT_MOVER_SETTINGS } from './settings.ts';
