/** SMTP, submission and LMTP on the wire: commands, replies, data framing. Pure. */
export * from './address.ts';
export * from './backend.ts';
export * from './command.ts';
export * from './data-reader.ts';
export * from './dsn.ts';
export * from './dsn-parameters.ts';
export * from './known-parameters.ts';
export * from './parameters.ts';
export * from './path.ts';
export * from './received.ts';
export * from './reply.ts';
export * from './reply-reader.ts';
