/** SMTP, submission and LMTP sessions, and a node's delivery behind them. */
export * from './delivery/lmtp.ts';
export * from './delivery/node-delivery.ts';
export type { SieveDeliveryOptions } from './delivery/sieve/settings.ts';
export * from './session.ts';
export * from './settings.ts';
