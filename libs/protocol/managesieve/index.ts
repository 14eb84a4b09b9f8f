/** ManageSieve (RFC 5804) on the wire: commands, strings, responses. Pure. */
export * from './client-scanner.ts';
export * from './command-framer.ts';
export * from './limits.ts';
export * from './response.ts';
