/** What needs an operator: which states are alerts, which stand, and who is told. */
export { AlertBook, type WatchedCluster } from './alert-book.ts';
export { AlertChannels } from './alert-channels.ts';
export { type AlertCarriers, AlertRound } from './alert-round.ts';
export type { CertificateEnd } from './certificates.ts';
export type { Alert, AlertChannel, Condition } from './model.ts';
