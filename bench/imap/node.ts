import { readFileSync } from 'node:fs';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { legConnection } from '#connection';
import { createVolume, openVolume } from '#mailstore/volume';
import { decodePreface, encodePrefaceReply } from '#protocol/handover';
import { messageParser } from '#protocol/message';
import { ImapSession } from '#server/imap';
import { silentLogger, systemClock, systemContext } from '#stdx';
import { type MemberCredentials, MemberTrust } from '#trust';

// A node's IMAP half in a process of its own, with node.json and a volume in DIRECTORY (the argument). Prints its port; at each SIGUSR2 the
// longest pause of its event loop since the last one (ms), and how many messages the text index holds.
const [, , directory = ''] = process.argv;
const KEY = Buffer.alloc(32, 7);

const identity = { volumeId: 'bench', clusterId: 'bench' };
const path = join(directory, 'volume');
await createVolume(path, identity);
const parse = () => messageParser();
const shared = { clock: systemClock, logger: silentLogger };
const store = await openVolume({ ...identity, path, epoch: 1, parse, ...shared });

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

function serve(socket: Socket, line: string, first: Buffer): void {
  const preface = decodePreface(line, KEY, Date.now());
  if (typeof preface === 'string' || preface.kind !== 'imap') throw new Error('unexpected preface');
  socket.write(encodePrefaceReply({ ok: true }));
  const { accountId, email, partnerId, tag = '' } = preface;
  const session = new ImapSession({
    ...{ store, ...shared, context: systemContext('bench') },
    account: { accountId, email, partnerId, quotaBytes: 0 },
    connection: legConnection(socket, first),
    greeting: { tag },
  });
  void session.run();
}

const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
process.on('SIGUSR2', () => {
  console.log(`${Math.round(delay.max / 1e6)} ${store.health().textIndex.indexedMessages}`);
  delay.reset();
});
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
