/** What a signed-in session speaks over: a client's own socket, or the framed leg from a hub. */
export * from './channel-connection.ts';
export * from './connection.ts';
export * from './output.ts';
export * from './pulled-input.ts';
