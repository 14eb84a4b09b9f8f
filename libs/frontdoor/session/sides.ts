import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** What happens on either side of a session. */
export interface TwoSided {
  clientSaid(chunk: Buffer): void;
  clientDrained(): void;
  endOfClient(): void;
  clientGone(): void;
  legDrained(): void;
  legLost(): void;
}

const SESSION = Symbol('session');
type Side = Duplex & { [SESSION]?: TwoSided | undefined };

export function joinClient(client: Duplex, session: TwoSided): void {
  (client as Side)[SESSION] = session;
  client.on('data', onClientData).on('drain', onClientDrain).on('end', onClientEnd);
  client.on('close', onClientClose).on('error', onClientError);
}

export function leaveClient(client: Duplex): void {
  (client as Side)[SESSION] = undefined;
  client.off('data', onClientData).off('drain', onClientDrain).off('end', onClientEnd);
  client.off('close', onClientClose).off('error', onClientError);
}

export function joinLeg(leg: Socket, session: TwoSided): void {
  (leg as Side)[SESSION] = session;
  leg.on('drain', onLegDrain).on('end', onLegLost).on('close', onLegLost).on('error', onLegLost);
}

/** Its errors are still heard: they come until it is closed. */
export function leaveLeg(leg: Socket): void {
  (leg as Side)[SESSION] = undefined;
  leg.off('drain', onLegDrain).off('end', onLegLost).off('close', onLegLost);
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
function onLegDrain(this: Socket): void {
  (this as Side)[SESSION]?.legDrained();
}
function onLegLost(this: Socket): void {
  (this as Side)[SESSION]?.legLost();
}
