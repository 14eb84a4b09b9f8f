import { existsSync, readFileSync } from 'node:fs';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Carrier, CarrierTally, type Channel, DEFAULT_CARRIER_SETTINGS } from '#carrier';
import { type ClientConnection, channelConnection, streamConnection } from '#connection';
import type { MailStoreHealth } from '#mailstore/api';
import { createVolume, openVolume } from '#mailstore/volume';
import { decodeOpening, decodePreface, encodePrefaceReply } from '#protocol/handover';
import { messageParser } from '#protocol/message';
import { ImapSession } from '#server/imap';
import { silentLogger, systemClock, systemContext } from '#stdx';
import { type MemberCredentials, MemberTrust } from '#trust';
import { type Pauses, watchPauses } from './pauses.ts';
import { plainDoor } from './plain-door.ts';

// A node's IMAP half in a process of its own, with node.json and a volume in DIRECTORY (the argument). Prints its ports, for hubs and for
// clients without one; OPTIONS are `openVolume`'s, as JSON; answers each line of its input with its figures since the last one.
const [, , directory = '', options = '{}'] = process.argv;

/** What a node tells of itself; pauses of its event loop since the last time. */
export interface NodeFigures {
  readonly pauses: Pauses;
  readonly cpuMs: number;
  /** After a collection, with --expose-gc. */
  readonly rssBytes: number;
  readonly upkeep: MailStoreHealth['upkeep'];
  /** Messages in the text index. */
  readonly indexed: number;
}

const KEY = Buffer.alloc(32, 7);

const identity = { volumeId: 'bench', clusterId: 'bench' };
const path = join(directory, 'volume');
if (!existsSync(path)) await createVolume(path, identity);
const parse = () => messageParser();
const shared = { clock: systemClock, logger: silentLogger };
const store = await openVolume({
  ...identity,
  path,
  epoch: 1,
  parse,
  ...shared,
  lockWaitMs: 10_000,
  ...JSON.parse(options),
});

const own = JSON.parse(readFileSync(join(directory, 'node.json'), 'utf8')) as MemberCredentials;
const server = new MemberTrust(own, systemClock, silentLogger).createServer(['hub'], (socket) => {
  socket.on('error', () => socket.destroy());
  let received = Buffer.alloc(0);
  const onData = (chunk: Buffer): void => {
    received = Buffer.concat([received, chunk]);
    const end = received.indexOf('\n');
    if (end < 0) return;
    socket.off('data', onData).pause();
    serve(socket, received.toString('latin1', 0, end).trimEnd(), received.subarray(end + 1));
  };
  socket.on('data', onData);
});

const settings = { ...DEFAULT_CARRIER_SETTINGS, channelsMax: 100_000 };
const tally = new CarrierTally();

function serve(socket: Socket, line: string, first: Buffer): void {
  const preface = decodePreface(line, KEY, Date.now());
  if (typeof preface === 'string' || preface.kind !== 'carrier') throw new Error('unexpected preface');
  socket.write(encodePrefaceReply({ ok: true }));
  const carrier = new Carrier({ socket, first, settings, tally, clock: systemClock, accept });
  function accept(channel: Channel, payload: Buffer): void {
    const { email, tag = '' } = decodeOpening(payload);
    carrier.answer(channel, { ok: true });
    begin(email, channelConnection(channel), tag);
  }
}

/** An account is called by its address, so that it is the same through a hub, without one, and in the next run. */
function begin(email: string, connection: ClientConnection, tag: string): void {
  const session = new ImapSession({
    ...{ store, ...shared, context: systemContext('bench'), connection, greeting: { tag } },
    account: { accountId: email, email, partnerId: 'bench', quotaBytes: 0 },
  });
  void session.run();
}

const pauses = watchPauses();
const asked = createInterface({ input: process.stdin });
asked.on('close', () => process.exit());
asked.on('line', () => {
  for (let i = 0; i < 3; i++) globalThis.gc?.();
  const { user, system } = process.cpuUsage();
  const figures: NodeFigures = {
    pauses: pauses(),
    cpuMs: (user + system) / 1e3,
    rssBytes: process.memoryUsage.rss(),
    upkeep: store.health().upkeep,
    indexed: store.health().textIndex.indexedMessages,
  };
  console.log(JSON.stringify(figures));
});
const ports: number[] = [];
for (const each of [server, plainDoor((socket, email, tag) => begin(email, streamConnection(socket), tag))]) {
  await new Promise<void>((resolve) => each.listen(0, '127.0.0.1', resolve));
  ports.push((each.address() as AddressInfo).port);
}
console.log(ports.join(' '));
