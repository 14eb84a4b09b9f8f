/** What tests share. Production code never imports it. */
export * from './database.ts';
export * from './directories.ts';
export * from './gluster.ts';
export * from './hub-side.ts';
export * from './imap-client.ts';
export * from './managesieve-client.ts';
export * from './password-authentication.ts';
export * from './pop3-client.ts';
export * from './scram-client.ts';
export * from './severable-proxy.ts';
export * from './simulated-clock.ts';
export * from './stripe-shapes.ts';
export * from './trust.ts';
export * from './until.ts';
