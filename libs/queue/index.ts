/** The outbound queue: when to try, where to send, what to tell the sender. Its state is the store's. */
export * from './outbound-transport.ts';
export * from './ports.ts';
export * from './runner.ts';
export * from './settings.ts';
