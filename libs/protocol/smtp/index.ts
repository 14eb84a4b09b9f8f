/** SMTP, submission and LMTP on the wire: commands, replies, data framing. Pure. */
export * from './backend.ts';
