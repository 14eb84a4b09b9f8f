import type { Duplex } from 'node:stream';

/** What happens on the client's side of a session. */
export interface ClientUser {
  clientSaid(chunk: Buffer): void;
  clientDrained(): void;
  endOfClient(): void;
  clientGone(): void;
}

const SESSION = Symbol('session');
type Side = Duplex & { [SESSION]?: ClientUser | undefined };

export function joinClient(client: Duplex, session: ClientUser): void {
  (client as Side)[SESSION] = session;
  client.on('data', onClientData).on('drain', onClientDrain).on('end', onClientEnd);
  client.on('close', onClientClose).on('error', onClientError);
}

export function leaveClient(client: Duplex): void {
  (client as Side)[SESSION] = undefined;
  client.off('data', onClientData).off('drain', onClientDrain).off('end', onClientEnd);
  client.off('close', onClientClose).off('error', onClientError);
}

// Shared by all sessions: a closure for each event of each connection would be most of what an idle session costs.

function onClientData(this: Duplex, chunk: Buffer): void {
  (this as Side)[SESSION]?.clientSaid(chunk);
}
function onClientDrain(this: Duplex): void {
  (this as Side)[SESSION]?.clientDrained();
}
function onClientEnd(this: Duplex): void {
  (this as Side)[SESSION]?.endOfClient();
}
function onClientClose(this: Duplex): void {
  (this as Side)[SESSION]?.clientGone();
}
function onClientError(this: Duplex): void {
  this.destroy();
}
