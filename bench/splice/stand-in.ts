import type { Socket } from 'node:net';
import { Carrier, CarrierTally, type Channel, DEFAULT_CARRIER_SETTINGS } from '#carrier';
import { decodeOpening, decodePreface, encodePrefaceReply, type SessionOpening } from '#protocol/handover';
import { systemClock } from '#stdx';

const tally = new CarrierTally();

/** What a node does with a hub's connection, less all checks: it believes every session that is handed over. */
export function standInForNode(socket: Socket, serve: (channel: Channel, opening: SessionOpening) => void): void {
  socket.on('error', () => {});
  socket.once('data', (line: Buffer) => {
    const preface = decodePreface(line.toString().trimEnd(), Buffer.alloc(32, 7), Date.now());
    if (typeof preface === 'string' || preface.kind !== 'carrier') throw new Error('unexpected preface');
    socket.write(encodePrefaceReply({ ok: true }));
    const accept = (channel: Channel, payload: Buffer): void => {
      carrier.answer(channel, { ok: true });
      serve(channel, decodeOpening(payload));
    };
    const shared = { settings: DEFAULT_CARRIER_SETTINGS, tally, clock: systemClock };
    const carrier = new Carrier({ ...shared, socket, first: Buffer.alloc(0), accept });
  });
}
