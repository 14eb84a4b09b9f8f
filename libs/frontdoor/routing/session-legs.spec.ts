import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo, OnReadOpts, Socket } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Carrier, CarrierTally, type Channel, DEFAULT_CARRIER_SETTINGS } from '#carrier';
import type { Endpoint } from '#cluster/api';
import {
  decodeOpening,
  decodePreface,
  encodePrefaceReply,
  type PrefaceReply,
  type SessionOpening,
} from '#protocol/handover';
import { silentLogger, systemClock, systemRandom } from '#stdx';
import { listenTo, TestAuthority, temporaryDirectory, until } from '#testing';
import { frontdoorWorld, NOWHERE } from '../world.spec.ts';
import type { DialedNode } from './dial.ts';
import { DEFAULT_NODE_CARRIER_SETTINGS, type NodeCarrierSettings, NodeCarriers } from './node-carriers.ts';
import { RouteFile } from './route-file.ts';
import { RoutingMap } from './routing-map.ts';
import { DEFAULT_LEG_SETTINGS, SessionLegs } from './session-legs.ts';

const KEY = Buffer.alloc(32, 7);
const authority = await TestAuthority.create('cluster-1');
/** Every node of the test under one name: which is meant, its port says. */
const nodeTrust = await authority.member('node', 'node');
const hubTrust = await authority.member('hub', 'hub1');

/** Takes carriers, or refuses them, and answers openings as told; `silent` never does. */
async function node(answer: (opening: SessionOpening) => PrefaceReply | 'silent', taken: PrefaceReply = { ok: true }) {
  const sockets: Socket[] = [];
  const server = nodeTrust.createServer(['hub'], (socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    socket.once('data', (line: Buffer) => {
      const preface = decodePreface(line.toString().trimEnd(), KEY, systemClock.now());
      assert.ok(typeof preface === 'object' && preface.kind === 'carrier', String(preface));
      socket.write(encodePrefaceReply(taken));
      if (taken.ok) serve(socket, answer);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endpoint: Endpoint = { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
  return {
    endpoint,
    sockets,
    [Symbol.dispose]: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function serve(socket: Socket, answer: (opening: SessionOpening) => PrefaceReply | 'silent'): void {
  const accept = (channel: Channel, payload: Buffer): void => {
    const reply = answer(decodeOpening(payload));
    if (reply === 'silent') return;
    carrier.answer(channel, reply);
    if (reply.ok) channel.write(Buffer.from('first bytes'));
  };
  const shared = { settings: DEFAULT_CARRIER_SETTINGS, tally: new CarrierTally(), clock: systemClock };
  const carrier = new Carrier({ ...shared, socket, first: Buffer.alloc(0), accept });
}

async function legsTo(first: Endpoint, second: Endpoint, directory: string, given: Partial<NodeCarrierSettings> = {}) {
  const world = await frontdoorWorld(systemClock, [first, second]);
  const file = new RouteFile(join(directory, 'routes.json'), silentLogger);
  const routes = new RoutingMap(world.state, file, systemClock, silentLogger);
  await routes.start();
  let dials = 0;
  const hub = {
    name: 'hub1',
    key: KEY,
    connect: ({ endpoint }: DialedNode, onread?: OnReadOpts) => {
      dials++;
      return hubTrust.connect({ role: 'node', memberId: 'node', ...endpoint }, onread);
    },
  };
  const carrierSettings = { ...DEFAULT_NODE_CARRIER_SETTINGS, dialMs: 200, ...given };
  const carriers = new NodeCarriers(hub, systemClock, systemRandom, silentLogger, carrierSettings);
  const settings = { ...DEFAULT_LEG_SETTINGS, tryMs: carrierSettings.dialMs, retryMs: 20 };
  const legs = new SessionLegs(routes, carriers, systemClock, silentLogger, settings);
  const session = {
    accountId: world.alice.id,
    email: world.alice.email,
    partnerId: world.partner.id,
    quotaBytes: 0,
    clientAddress: '192.0.2.1',
    tls: true,
    tag: 'a1',
    sessionId: 's1',
  };
  const open = (waitMs: number) => legs.open('imap', world.volumes[0].id, session, waitMs);
  return {
    ...{ ...world, routes, carriers, open, dials: () => dials },
    [Symbol.asyncDispose]: () => {
      carriers.close();
      return routes.stop();
    },
  };
}

const accept = (): PrefaceReply => ({ ok: true });
const refuse = (code: 'STALE' | 'UNAVAILABLE' | 'DENIED') => (): PrefaceReply => ({ ok: false, code, text: 'no' });

describe('session legs', () => {
  it('carry the hand-over and lose no byte behind the answer', async () => {
    using directory = temporaryDirectory();
    let seen: SessionOpening | undefined;
    using owner = await node((opening) => {
      seen = opening;
      return { ok: true };
    });
    await using world = await legsTo(owner.endpoint, NOWHERE, directory.path);
    const leg = await world.open(1_000);
    assert.ok(typeof leg === 'object');
    assert.ok(seen?.kind === 'imap');
    assert.equal(seen.epoch, 1);
    assert.equal(seen.volumeId, world.volumes[0].id);
    assert.equal(seen.tag, 'a1');
    let text = '';
    listenTo(leg.channel, {
      data: (bytes) => {
        text += bytes;
      },
    });
    await until('what came behind the answer', () => text === 'first bytes');
    leg.channel.reset();
  });

  for (const [how, first] of [
    ['refuses the connection', undefined],
    ['says STALE', refuse('STALE')],
    ['says UNAVAILABLE', refuse('UNAVAILABLE')],
    ['does not answer', () => 'silent' as const],
  ] as const) {
    it(`wait for the next owner when this one ${how}`, async () => {
      using directory = temporaryDirectory();
      using one = await node(first ?? accept);
      using two = await node(accept);
      await using world = await legsTo(first ? one.endpoint : NOWHERE, two.endpoint, directory.path);
      const opening = world.open(5_000);
      setTimeout(() => void world.serve(0, 1), 60);
      const leg = await opening;
      assert.ok(typeof leg === 'object');
      assert.equal(leg.owner.nodeName, 'node2');
      leg.channel.reset();
    });
  }

  it('give up in time', async () => {
    using directory = temporaryDirectory();
    await using world = await legsTo(NOWHERE, NOWHERE, directory.path);
    const started = performance.now();
    assert.equal(await world.open(150), 'noOwner');
    assert.ok(performance.now() - started < 1_000);
  });

  it('give up at once when the node does not believe the hub', async () => {
    using directory = temporaryDirectory();
    using one = await node(accept, { ok: false, code: 'DENIED', text: 'no' });
    await using world = await legsTo(one.endpoint, NOWHERE, directory.path);
    assert.equal(await world.open(5_000), 'denied');
  });

  it('do not stampede: however many sessions there are, a node is dialled for its carriers alone', async () => {
    using directory = temporaryDirectory();
    using two = await node(accept);
    await using world = await legsTo(NOWHERE, two.endpoint, directory.path, { dialMs: 3_000 });
    const opening = Array.from({ length: 300 }, () => world.open(10_000));
    await new Promise((resolve) => setTimeout(resolve, 200));
    const before = world.dials();
    assert.ok(before >= 1 && before <= 10, `${before} dials to the dead one in 200 ms`);
    await world.serve(0, 1);
    for (const leg of await Promise.all(opening)) {
      assert.ok(typeof leg === 'object');
      assert.equal(leg.owner.nodeName, 'node2');
    }
    const { perNodeMax } = DEFAULT_NODE_CARRIER_SETTINGS;
    const after = world.dials() - before;
    assert.ok(after <= perNodeMax + 1, `${after} dials to the new owner, and perhaps one more to the old`);
    assert.equal(world.carriers.figures.channels, 300);
  });

  it('are lost with their carrier, and the next is dialled again', async () => {
    using directory = temporaryDirectory();
    using one = await node(accept);
    await using world = await legsTo(one.endpoint, NOWHERE, directory.path);
    const leg = await world.open(1_000);
    assert.ok(typeof leg === 'object');
    const { ended } = listenTo(leg.channel, {});
    for (const socket of one.sockets) socket.destroy();
    await ended;
    await until('the carrier to be gone', () => world.carriers.figures.carriers === 0);
    assert.ok(typeof (await world.open(1_000)) === 'object');
    assert.equal(world.dials(), 2);
  });

  it('take a new carrier when the old one has had its time, which ends with its last', async () => {
    using directory = temporaryDirectory();
    using one = await node(accept);
    await using world = await legsTo(one.endpoint, NOWHERE, directory.path, { ageMsMax: 50 });
    const first = await world.open(1_000);
    assert.ok(typeof first === 'object');
    await new Promise((resolve) => setTimeout(resolve, 80));
    assert.ok(typeof (await world.open(1_000)) === 'object');
    assert.deepEqual([world.dials(), world.carriers.figures.carriers], [2, 2]);
    first.channel.reset();
    await until('the old one to end', () => world.carriers.figures.carriers === 1);
  });

  it('are spread over the carriers of a node once there are many', async () => {
    using directory = temporaryDirectory();
    using one = await node(accept);
    await using world = await legsTo(one.endpoint, NOWHERE, directory.path, { channelsBeforeNext: 2, perNodeMax: 3 });
    for (let i = 0; i < 12; i++) {
      assert.ok(typeof (await world.open(1_000)) === 'object');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.deepEqual([world.dials(), world.carriers.figures.channels], [3, 12]);
  });

  it('end with the certificate of the node being refused', async () => {
    using directory = temporaryDirectory();
    using one = await node(accept);
    await using world = await legsTo(one.endpoint, NOWHERE, directory.path);
    const leg = await world.open(1_000);
    assert.ok(typeof leg === 'object');
    const { ended } = listenTo(leg.channel, {});
    hubTrust.refuse([nodeTrust.self.serial]);
    await ended;
    await until('the carrier to be gone', () => world.carriers.figures.carriers === 0);
  });
});
