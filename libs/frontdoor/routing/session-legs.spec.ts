import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo, OnReadOpts, Socket } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Endpoint } from '#cluster/api';
import { decodePreface, encodePrefaceReply, type Preface, type PrefaceReply } from '#protocol/handover';
import { silentLogger, systemClock, systemRandom } from '#stdx';
import { TestAuthority, temporaryDirectory, until } from '#testing';
import { frontdoorWorld, NOWHERE } from '../world.spec.ts';
import type { DialedNode } from './dial.ts';
import { RouteFile } from './route-file.ts';
import { RoutingMap } from './routing-map.ts';
import { DEFAULT_LEG_SETTINGS, SessionLegs } from './session-legs.ts';

const KEY = Buffer.alloc(32, 7);
const authority = await TestAuthority.create('cluster-1');
/** Every node of the test under one name: which is meant, its port says. */
const nodeTrust = await authority.member('node', 'node');
const hubTrust = await authority.member('hub', 'hub1');

/** Answers prefaces as told; `silent` never does. */
async function node(answer: (preface: Preface) => PrefaceReply | 'silent') {
  const sockets: Socket[] = [];
  const server = nodeTrust.createServer(['hub'], (socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    socket.once('data', (line: Buffer) => {
      const preface = decodePreface(line.toString().trimEnd(), KEY, systemClock.now());
      assert.ok(typeof preface === 'object', String(preface));
      const reply = answer(preface);
      if (reply !== 'silent') socket.write(`${encodePrefaceReply(reply)}${reply.ok ? 'first bytes' : ''}`);
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

async function legsTo(first: Endpoint, second: Endpoint, directory: string, dialMs = 200) {
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
  const settings = { ...DEFAULT_LEG_SETTINGS, dialMs, retryMs: 20 };
  const legs = new SessionLegs(routes, hub, systemClock, systemRandom, silentLogger, settings);
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
  return { ...world, routes, open, dials: () => dials, [Symbol.asyncDispose]: () => routes.stop() };
}

const accept = (): PrefaceReply => ({ ok: true });
const refuse = (code: 'STALE' | 'UNAVAILABLE' | 'DENIED') => (): PrefaceReply => ({ ok: false, code, text: 'no' });

describe('session legs', () => {
  it('carry the hand-over and lose no byte behind the answer', async () => {
    using directory = temporaryDirectory();
    let seen: Preface | undefined;
    using owner = await node((preface) => {
      seen = preface;
      return { ok: true };
    });
    await using world = await legsTo(owner.endpoint, NOWHERE, directory.path);
    const leg = await world.open(1_000);
    assert.ok(typeof leg === 'object');
    assert.ok(seen?.kind === 'imap');
    assert.equal(seen.epoch, 1);
    assert.equal(seen.volumeId, world.volumes[0].id);
    assert.equal(seen.tag, 'a1');
    let text = String(leg.reads.first);
    leg.reads.reader = {
      ownsReads: false,
      legRead(bytes) {
        text += bytes;
        return true;
      },
    };
    leg.socket.resume();
    await until('what came behind the answer', () => text === 'first bytes');
    leg.socket.destroy();
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
      leg.socket.destroy();
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
    using one = await node(refuse('DENIED'));
    await using world = await legsTo(one.endpoint, NOWHERE, directory.path);
    assert.equal(await world.open(5_000), 'denied');
  });

  it('do not stampede a dead node', async () => {
    using directory = temporaryDirectory();
    using two = await node(accept);
    await using world = await legsTo(NOWHERE, two.endpoint, directory.path, 3_000);
    const opening = Array.from({ length: 300 }, () => world.open(10_000));
    await new Promise((resolve) => setTimeout(resolve, 200));
    const before = world.dials();
    assert.ok(before < 300 + 50, `${before} dials`);
    await world.serve(0, 1);
    for (const leg of await Promise.all(opening)) {
      assert.ok(typeof leg === 'object');
      leg.socket.destroy();
    }
    // A stampede would be each of 300 dialling every few milliseconds; on a busy machine some of them try twice.
    assert.ok(world.dials() - before < 900, `${world.dials() - before} dials to the new owner`);
  });
});
