/** SMTP, submission and LMTP sessions, and a node's delivery behind them. */
export * from './session.ts';
export * from './settings.ts';
