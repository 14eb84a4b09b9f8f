/** The control protocol between hubs and nodes: JSON lines over mutual TLS. */
export { ControlClient } from './control-client.ts';
export { ControlServer, type ControlServerSettings } from './control-server.ts';
export type { ConnectionSettings, HubIdentity } from './node-connection.ts';
