/** The PROXY protocol's header, read from the first bytes of a connection. */
export * from './model.ts';
export * from './proxy-header.ts';
