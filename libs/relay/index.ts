/** The client side of SMTP and LMTP: connections, pools, what to say to which server. */
export * from './adapt.ts';
export * from './connection.ts';
export * from './handshake.ts';
export * from './lmtp-pool.ts';
export * from './message.ts';
export * from './settings.ts';
