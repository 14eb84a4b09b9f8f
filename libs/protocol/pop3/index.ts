/** POP3 on the wire: lines, commands, replies, capabilities, the mark of a session. Pure. */
export * from './capabilities.ts';
export * from './client-scanner.ts';
export * from './errors.ts';
export * from './line-reader.ts';
export * from './parse.ts';
export * from './pop3-mark.ts';
export * from './reply.ts';
