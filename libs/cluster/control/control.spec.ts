import assert from 'node:assert/strict';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, before, describe, it } from 'node:test';
import type { CloseOrder, ControlledNode, LeaseGrant, NodeMember, OpenOrder, OpenReport } from '#cluster/api';
import { NodeUnreachableError } from '#cluster/api';
import { type Deferred, deferred, RELEASE, seededRandom, silentLogger, systemClock } from '#stdx';
import { TestAuthority, until } from '#testing';
import type { MemberTrust } from '#trust';
import { ControlClient } from './control-client.ts';
import { ControlServer } from './control-server.ts';
import { JsonLineReader, jsonLine, LineError } from './json-lines.ts';
import { answerSchema, helloSchema, requestSchema, verdictSchema } from './messages.ts';

const CLUSTER = 'cluster-1';
const NODE = 'node-1';
let authority: TestAuthority;
let nodeTrust: MemberTrust;
let hubTrust: MemberTrust;
const cleanups: (() => unknown)[] = [];
before(async () => {
  authority = await TestAuthority.create(CLUSTER);
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

class TestNode implements ControlledNode {
  readonly grants: LeaseGrant[] = [];
  readonly closes: CloseOrder[] = [];
  opening: Deferred<OpenReport> = deferred();
  report() {
    return {
      instance: 'i1',
      ...RELEASE,
      stopping: false,
      stamp: 12.5,
      volumes: [
        { volumeId: 'v', epoch: 3, state: 'fenced' as const, reason: 'x'.repeat(5_000), writable: false },
        { volumeId: 'w', epoch: 4, state: 'serving' as const, writable: true },
      ],
    };
  }
  renew(grant: LeaseGrant): void {
    this.grants.push(grant);
  }
  open(): Promise<OpenReport> {
    return this.opening.promise;
  }
  async close(order: CloseOrder): Promise<void> {
    this.closes.push(order);
  }
}

async function serve(options: { port?: number; helloTimeoutMs?: number; connectionsMax?: number } = {}) {
  const node = new TestNode();
  const { port: wanted = 0, ...limits } = options;
  const refused: (readonly string[])[] = [];
  nodeTrust = await authority.member('node', NODE);
  const server = new ControlServer(nodeTrust, node, systemClock, silentLogger, {
    ...limits,
    onRefused: (serials) => void refused.push(serials),
  });
  const port = await server.listen('127.0.0.1', wanted);
  cleanups.push(() => server.close());
  return { node, server, port, refused };
}

const member = (port: number, id = NODE): NodeMember => ({
  id,
  clusterId: CLUSTER,
  name: 'one',
  control: { host: '127.0.0.1', port },
  data: { host: '127.0.0.1', port: 1 },
  state: 'standby',
  eligible: true,
  weight: 1,
  ...RELEASE,
  lastSeenAt: null,
});

async function hub(options: { trust?: MemberTrust; silenceMsMax?: number } = {}): Promise<ControlClient> {
  const { silenceMsMax = 5_000 } = options;
  hubTrust = options.trust ?? (await authority.member('hub', 'hub-1'));
  const client = new ControlClient(
    { trust: hubTrust, name: 'one', relay: { host: '127.0.0.1', port: 2024 } },
    systemClock,
    silentLogger,
    { connectTimeoutMs: 500, retryMs: 20, silenceMsMax },
  );
  cleanups.push(() => client.end());
  return client;
}

const connected = (client: ControlClient, node: NodeMember) =>
  until('the connection', () => client.probe(node).catch(() => undefined));

const whyOf = async (promise: Promise<unknown>): Promise<string> => {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof NodeUnreachableError, String(error));
  return error.why;
};

const order: OpenOrder = {
  volumeId: 'v',
  epoch: 5,
  mount: { driver: 'local', path: '/v', args: ['a b', '$(x)'] },
  create: false,
  featureLevel: 1,
  fence: ['/usr/bin/fence', '--host', 'one'],
  cold: {
    place: {
      ...{ kind: 's3', endpoint: 'https://s3.example', region: 'r', bucket: 'b', prefix: 'p' },
      ...{ pathStyle: true, credentials: 'default' },
    },
    rules: [{ afterMs: 31_536_000_000, minBytes: 0 }],
  },
  lockWaitMs: 5_000,
  instance: 'i1',
  stamp: 12.5,
};

describe('control over real sockets', () => {
  it('carries probes, renewals, opens and closes, several at once', async () => {
    const { node, server, port } = await serve();
    const client = await hub();
    const report = await connected(client, member(port));
    assert.equal(report.volumes[0]?.reason?.length, 2_000, 'reasons are cut for the wire');
    assert.deepEqual(report.volumes[1], { volumeId: 'w', epoch: 4, state: 'serving', writable: true });
    const opening = client.open(member(port), order);
    const grant = { instance: 'i1', stamp: 12.5, volumes: [{ volumeId: 'w', epoch: 4 }] };
    client.renew(member(port), grant);
    await client.close(member(port), { volumeId: 'v', belowEpoch: 5, reason: 'moved' });
    await client.probe(member(port));
    assert.deepEqual(node.grants, [grant]);
    assert.deepEqual(node.closes, [{ volumeId: 'v', belowEpoch: 5, reason: 'moved' }]);
    node.opening.resolve({ ok: true, steps: [{ step: 'lock', durationMs: 1.5 }] });
    assert.deepEqual(await opening, { ok: true, steps: [{ step: 'lock', durationMs: 1.5 }] });
    assert.deepEqual(server.hubs(), [{ hubId: 'hub-1', name: 'one', relay: { host: '127.0.0.1', port: 2024 } }]);
  });

  it('hears news without asking', async () => {
    const { server, port } = await serve();
    const client = await hub();
    const heard: string[] = [];
    client.watch({ refused() {}, reported: (nodeId, { instance }) => void heard.push(`${nodeId} ${instance}`) });
    await connected(client, member(port));
    server.announce();
    await until('the news', () => heard.length >= 2, 1_000);
    assert.deepEqual(heard, [`${NODE} i1`, `${NODE} i1`], 'with the welcome, and when there is some');
  });

  it('tells a process that is gone from one that is silent', async () => {
    const { server, port } = await serve();
    const client = await hub();
    const refused: string[] = [];
    client.watch({ refused: (nodeId) => void refused.push(nodeId), reported() {} });
    await connected(client, member(port));
    await server.close();
    await until('the refusal', () => refused.length > 0, 1_000);
    assert.equal(await whyOf(client.probe(member(port))), 'refused');
    assert.deepEqual(refused, [NODE], 'said once, however often it is tried');

    // A stopped process: its kernel accepts, nobody answers.
    const mute = await listen(() => {});
    assert.equal(await whyOf(client.probe(member(mute.port))), 'silent');
    await systemClock.sleep(300);
    assert.equal(await whyOf(client.probe(member(mute.port))), 'silent');
    assert.deepEqual(refused, [NODE]);
  });

  it('finds a node again that comes back, and one whose address changed', async () => {
    const first = await serve();
    const client = await hub();
    await connected(client, member(first.port));
    await first.server.close();
    await until('the loss', () =>
      client.probe(member(first.port)).then(
        () => false,
        () => true,
      ),
    );
    await serve({ port: first.port });
    await connected(client, member(first.port));
    const moved = await serve();
    await connected(client, member(moved.port));
    assert.equal(moved.server.hubs().length, 1);
  });

  it('rejects what was asked when the connection ends', async () => {
    const { port, server } = await serve();
    const client = await hub();
    await connected(client, member(port));
    const opening = client.open(member(port), order);
    const lost = whyOf(opening);
    await server.close();
    assert.equal(await lost, 'silent');
  });

  it('gives up a connection on which nothing is answered any more, and makes it anew', async () => {
    const { port } = await serve();
    const wire = await cuttableProxy(port);
    const client = await hub({ silenceMsMax: 150 });
    await connected(client, member(wire.port));
    wire.cut = true;
    const lost = whyOf(client.probe(member(wire.port)));
    await systemClock.sleep(200);
    assert.equal(await whyOf(client.probe(member(wire.port))), 'silent');
    assert.equal(await lost, 'silent');
    wire.cut = false;
    await connected(client, member(wire.port));
  });

  it('denies a node that is not the one it should be, or of another cluster', async () => {
    const { port } = await serve();
    const client = await hub();
    await until('the denial', async () => (await whyOf(client.probe(member(port, 'node-2')))) === 'denied');
    const stranger = await hub({ trust: await (await TestAuthority.create('cluster-2')).member('hub', 'hub-1') });
    await until('the denial', async () => (await whyOf(stranger.probe(member(port)))) === 'denied');
  });

  it('serves hubs alone', async () => {
    const { port, node, server } = await serve();
    const client = await hub({ trust: await authority.member('node', 'node-2') });
    client.renew(member(port), { instance: 'i1', stamp: 1, volumes: [] });
    await whyOf(client.probe(member(port)));
    await systemClock.sleep(100);
    await whyOf(client.probe(member(port)));
    assert.deepEqual([node.grants.length, server.hubs().length], [0, 0]);
  });

  it('hears at once which certificates count no more, and ends what stands on them', async () => {
    const { port, server, refused } = await serve();
    const removed = await hub({ trust: await authority.member('hub', 'hub-2') });
    const { serial } = hubTrust.self;
    await connected(removed, member(port));
    const client = await hub();
    await connected(client, member(port));
    client.refuse([serial]);
    await until('the removed hub to be gone', () => server.hubs().every(({ hubId }) => hubId === 'hub-1'));
    assert.deepEqual(refused, [[serial]]);
    await systemClock.sleep(100);
    assert.deepEqual(
      server.hubs().map(({ hubId }) => hubId),
      ['hub-1'],
      'and does not come back',
    );
    // A node that starts anew hears it again.
    await server.close();
    const again = await serve({ port });
    await until('the list', () => again.refused.length > 0);
  });

  it('drops strangers that say nothing, say too much, or talk nonsense, and serves on', async () => {
    const { port, node } = await serve({ helloTimeoutMs: 100 });
    const sayings = [
      '',
      'GET / HTTP/1.1\r\n\r\n',
      '{}\n',
      'null\n',
      '[]\n',
      `${'x'.repeat(5_000)}\n`,
      '{"t":"probe","n":1}\n',
      '{"t":"renew","grant":{"instance":"i1","stamp":1,"volumes":[]}}\n',
      jsonLine({ t: 'hello', protocol: 2, name: 'h', relay: { host: 'x', port: 70_000 } }),
      jsonLine({ t: 'hello', protocol: 1, name: 'h', relay: { host: 'x', port: 1 } }),
      Buffer.from([0xff, 0xfe, 0x0a]),
    ];
    const said = async (socket: Socket, saying: string | Buffer): Promise<void> => {
      socket.on('error', () => {});
      socket.resume();
      socket.write(saying);
      await until(`the drop of ${saying.slice(0, 30)}`, () => socket.destroyed || socket.readableEnded, 3_000);
      socket.destroy();
    };
    // To strangers' ears, and to those of a hub that has lost its mind.
    await Promise.all(sayings.map((saying) => said(connect(port, '127.0.0.1'), saying)));
    const mad = await authority.member('hub', 'hub-1');
    const toNode = { role: 'node' as const, memberId: NODE, host: '127.0.0.1', port };
    await Promise.all(sayings.map((saying) => said(mad.connect(toNode), saying)));
    assert.equal(node.grants.length, 0);
    await connected(await hub(), member(port));
  });

  it('drops a hub that breaks the protocol after its hello', async () => {
    const { port, server } = await serve();
    const mad = await authority.member('hub', 'hub-1');
    const socket = mad.connect({ role: 'node', memberId: NODE, host: '127.0.0.1', port });
    socket.on('error', () => {});
    cleanups.push(() => socket.destroy());
    socket.resume();
    socket.write(jsonLine({ t: 'hello', protocol: 2, name: 'h', relay: { host: 'x', port: 1 } }));
    socket.write('{"t":"open","n":1,"order":{"volumeId":"v","epoch":-1}}\n');
    await until('the drop', () => socket.destroyed, 2_000);
    assert.equal(server.hubs().length, 0);
  });

  it('holds to its limit of connections', async () => {
    const { port } = await serve({ connectionsMax: 2 });
    const sockets = Array.from({ length: 4 }, () => connect(port, '127.0.0.1').on('error', () => {}));
    cleanups.push(() => sockets.forEach((socket) => void socket.destroy()));
    for (const socket of sockets) socket.resume();
    await until('two refusals', () => sockets.filter(({ destroyed }) => destroyed).length === 2, 2_000);
  });
});

describe('lines and messages', () => {
  it('reads lines however they are cut', () => {
    const random = seededRandom(5);
    const values = Array.from({ length: 50 }, (_, i) => ({ i, text: 'ä'.repeat(i) }));
    const bytes = Buffer.from(values.map(jsonLine).join(''));
    for (let round = 0; round < 20; round++) {
      const reader = new JsonLineReader(1_000);
      const read: unknown[] = [];
      for (let at = 0; at < bytes.length; ) {
        const length = 1 + Math.floor(random.fraction() * 40);
        reader.push(bytes.subarray(at, at + length), (value) => read.push(value));
        at += length;
      }
      assert.deepEqual(read, values);
    }
    assert.throws(() => new JsonLineReader(10).push(Buffer.alloc(11, 0x20), () => {}), LineError);
  });

  it('throws nothing but its own errors, whatever arrives', () => {
    const random = seededRandom(11);
    const samples = [
      jsonLine({ t: 'open', n: 1, order }),
      jsonLine({ t: 'renew', grant: { instance: 'i', stamp: 1, volumes: [{ volumeId: 'v', epoch: 1 }] } }),
      jsonLine({ t: 'report', n: 1, report: new TestNode().report() }),
    ];
    let accepted = 0;
    for (let round = 0; round < 5_000; round++) {
      const bytes = Buffer.from(samples[round % samples.length] ?? '');
      for (let flips = 0; flips < 1 + (round % 4); flips++) {
        bytes[Math.floor(random.fraction() * bytes.length)] = Math.floor(random.fraction() * 256);
      }
      try {
        new JsonLineReader(4_096).push(bytes, (value) => {
          for (const schema of [requestSchema, answerSchema, helloSchema, verdictSchema]) {
            if (schema.safeParse(value).success) accepted++;
          }
        });
      } catch (error) {
        assert.ok(error instanceof LineError, String(error));
      }
    }
    assert.ok(accepted > 0, 'some mutations are still messages');
  });
});

async function listen(onSocket: (socket: Socket) => void): Promise<{ port: number; server: Server }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as { port: number }).port, server };
}

/** While cut, bytes vanish in both directions and connections stay open: a wire, not a process. */
async function cuttableProxy(target: number): Promise<{ port: number; cut: boolean }> {
  const wire = { port: 0, cut: false };
  const { port } = await listen((socket) => {
    const other = connect(target, '127.0.0.1');
    other.on('error', () => {});
    socket.on('data', (chunk) => void (wire.cut || other.write(chunk)));
    other.on('data', (chunk) => void (wire.cut || socket.write(chunk)));
    socket.on('close', () => other.destroy());
    other.on('close', () => socket.destroy());
  });
  wire.port = port;
  return wire;
}
