import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import type { Server } from 'node:tls';
import { ROUTES } from '#api-schema';
import { ensureAuthority, findCluster, PostgresClusterState } from '#cluster/postgres';
import { freePort } from '#embedded';
import {
  decodePreface,
  decodeRpcRequest,
  encodePrefaceReply,
  encodeRpcLine,
  type RpcErrorCode,
} from '#protocol/handover';
import { present, RELEASE, silentLogger, systemClock, systemRandom } from '#stdx';
import { TestAuthority } from '#testing';
import { type MemberTrust, SealKey } from '#trust';
import { type ApiFixture, Caller, startFixture } from '../api-fixture.spec.ts';

type Said = { readonly result: object } | { readonly error: { readonly code: RpcErrorCode; readonly text: string } };

/** The node's side of the rpc leg with answers of the test's choosing; what it was asked is kept. */
class AnsweringNode {
  readonly asked: { method: string; params: Readonly<Record<string, unknown>> }[] = [];
  says: (method: string, params: Readonly<Record<string, unknown>>) => Said | undefined = () => undefined;
  private server: Server | undefined;

  constructor(private readonly key: Uint8Array) {}

  async listen(trust: MemberTrust, port = 0): Promise<number> {
    const server = trust.createServer(['control'], (socket) => {
      const lines = createInterface({ input: socket });
      socket.on('error', () => {});
      lines.once('line', (line) => {
        const preface = decodePreface(line, this.key, Date.now());
        if (typeof preface === 'string' || preface.kind !== 'rpc')
          return void socket.end(encodePrefaceReply({ ok: false, code: 'DENIED', text: String(preface) }));
        socket.write(encodePrefaceReply({ ok: true }));
        lines.on('line', (text) => {
          const { id, method, params } = present(decodeRpcRequest(text), 'a request');
          this.asked.push({ method, params });
          const said = this.says(method, params);
          if (said) socket.write(encodeRpcLine({ id, ...said } as never));
        });
      });
    });
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    this.server = server;
    return (server.address() as AddressInfo).port;
  }

  close(): void {
    this.server?.close();
  }
}

describe('clusters over the API', () => {
  const params = { cluster: 'shared' };
  let fixture: ApiFixture;
  let answering: AnsweringNode;
  let state: PostgresClusterState;
  let volume: string;
  let nodeId: string;

  before(async () => {
    fixture = await startFixture({ ROOKERY_API_NODE_TIMEOUT_MS: '300', ROOKERY_HUB_DOMAIN: 'mx.example.net' });
    const record = present(await findCluster(fixture.database, 'shared'), 'the cluster');
    answering = new AnsweringNode(record.key);
    const data = { host: '127.0.0.1', port: await freePort() };
    const control = { host: '127.0.0.1', port: 1 };
    nodeId = (await fixture.operator.done(ROUTES.createNode, { params, body: { name: 'node-1', control, data } })).id;
    const seal = new SealKey(Buffer.alloc(32, 7));
    const ca = await ensureAuthority(fixture.database, record.id, seal, systemClock, systemRandom);
    const authority = await TestAuthority.create(record.id, ca);
    await answering.listen(await authority.member('node', nodeId), data.port);
    state = new PostgresClusterState(record.id, fixture.database, '', systemClock, silentLogger);
    const hubs = {
      id: '6f1f8a58-0000-4000-8000-000000000001',
      name: 'hub-1',
      relay: control,
      ...RELEASE,
      sessions: 3,
    };
    await state.heartbeatHub(hubs);
    const lease = present(await state.acquireLeadership(hubs.id, 60_000), 'the lease');
    const [one] = (await state.snapshot()).volumes;
    volume = present(one, 'volume-1').id;
    await state.setNodeState(lease.epoch, nodeId, 'standby', RELEASE);
    const epoch = present(await state.assignVolume(lease.epoch, volume, 0, nodeId), 'an epoch');
    await state.setVolumeState(lease.epoch, volume, epoch, 'serving');
  });
  after(async () => {
    answering.close();
    await fixture[Symbol.asyncDispose]();
  });

  it('shows who leads, who owns what, and what it holds', async () => {
    answering.says = (method) => (method === 'volume' ? { result: { bytes: 12_345 } } : undefined);
    const status = await fixture.operator.done(ROUTES.showClusterStatus, { params });
    assert.deepEqual(
      status.hubs.map(({ name, leader, state: up, sessions }) => [name, leader, up, sessions]),
      [['hub-1', true, 'up', 3]],
    );
    assert.deepEqual(
      status.nodes.map(({ name, state: role, volumes, load }) => [name, role, volumes, load.volumes]),
      [['node-1', 'active', [volume], 1]],
    );
    assert.deepEqual(
      status.volumes.map(({ owner, epoch, state: serving, bytes }) => [owner, epoch, serving, bytes]),
      [['node-1', 1, 'serving', 12_345]],
    );
    const events = await fixture.operator.done(ROUTES.listClusterEvents, { params, query: { after: 0, limit: 10 } });
    assert.deepEqual(events.items.slice(-20), status.events);
  });

  it('asks an account’s node what it holds, and remembers the answer', async () => {
    const partner = await fixture.partner('holding');
    const { id } = await partner.done(ROUTES.createAccount, {
      body: { email: 'a@holding.example', password: 'correct horse' },
    });
    const show = async () => {
      const { usedBytes, usedBytesAt, usedBytesFresh } = await partner.done(ROUTES.showAccount, {
        params: { account: id },
      });
      return { usedBytes, usedBytesAt, usedBytesFresh };
    };
    answering.says = () => undefined;
    assert.deepEqual(await show(), { usedBytes: null, usedBytesAt: null, usedBytesFresh: false });
    answering.says = () => ({ error: { code: 'UNKNOWN', text: 'no such account here' } });
    assert.equal((await show()).usedBytes, 0);
    answering.asked.length = 0;
    answering.says = () => ({ result: { usedBytes: 777 } });
    const fresh = await show();
    assert.deepEqual([fresh.usedBytes, fresh.usedBytesFresh], [777, true]);
    assert.deepEqual(answering.asked, [{ method: 'account', params: { accountId: id, volumeId: volume, epoch: 1 } }]);
    for (const says of [() => undefined, () => ({ error: { code: 'STALE', text: '' } }) as const]) {
      answering.says = says;
      assert.deepEqual(await show(), { ...fresh, usedBytesFresh: false });
    }
    await partner.done(ROUTES.createAccount, { body: { email: 'b@holding.example', password: 'correct horse' } });
    answering.says = (_, { accountId }) => (accountId === id ? undefined : { result: { usedBytes: 5 } });
    const { items } = await partner.done(ROUTES.listAccounts);
    assert.deepEqual(
      items.map(({ usedBytes, usedBytesFresh }) => [usedBytes, usedBytesFresh]),
      [
        [777, false],
        [5, true],
      ],
    );
  });

  it('lists what an account deleted, page by page, and restores it slice by slice', async () => {
    const partner = await fixture.partner('deleting');
    const body = { email: 'a@deleting.example', password: 'correct horse' };
    const { id: account } = await partner.done(ROUTES.createAccount, { body });
    const params = { account };
    const entry = { mailbox: 'INBOX', sizeBytes: 9, receivedAt: 0, subject: 'Hello', from: ['b@c.example'] };
    answering.asked.length = 0;
    answering.says = () => ({ result: { entries: [{ ...entry, messageId: 7, deletedAt: 1_000 }] } });
    const page = await partner.done(ROUTES.listDeletedMessages, { params, query: { limit: 1 } });
    assert.equal(page.next, '1000-7');
    assert.deepEqual(
      page.items.map(({ id, deletedAt }) => [id, deletedAt]),
      [['7', '1970-01-01T00:00:01.000Z']],
    );
    const since = '2026-01-01T00:00:00.000Z';
    await partner.done(ROUTES.listDeletedMessages, { params, query: { limit: 1, after: '1000-7', since } });
    const asked = { accountId: account, volumeId: volume, epoch: 1, limit: 1 };
    const after = { deletedAt: 1_000, messageId: 7 };
    assert.deepEqual(
      answering.asked.map((each) => each.params),
      [asked, { ...asked, after, since: Date.parse(since) }],
    );
    let left = 1_200;
    answering.says = (_, { limit }) => {
      const restored = Math.min(left, Number(limit));
      left -= restored;
      return { result: { restored } };
    };
    assert.deepEqual(await partner.done(ROUTES.restoreDeletedMessages, { params, body: {} }), { restored: 1_200 });
    answering.says = () => ({ error: { code: 'FULL', text: 'overQuota' } });
    const one = { params, body: { messages: ['7'] } };
    assert.equal(await partner.refused(ROUTES.restoreDeletedMessages, one), 'limit_reached');
    answering.says = () => undefined;
    assert.equal(await partner.refused(ROUTES.restoreDeletedMessages, one), 'node_unreachable');
    const stranger = await fixture.partner('stranger');
    assert.equal(await stranger.refused(ROUTES.listDeletedMessages, { params }), 'account_not_found');
  });

  it('has a volume’s node make backups, tells of them, and brings back what an account lost', async () => {
    const { operator } = fixture;
    const cluster = { ...params, volume };
    const job = { kind: 'backup', state: 'running', text: '' };
    answering.asked.length = 0;
    answering.says = () => ({ result: job });
    assert.deepEqual(await operator.done(ROUTES.createBackup, { params: cluster }), job);
    const backup = { name: 'B', at: 0, accounts: 1, messages: 2, bytes: 3, copiedBytes: 3, damaged: [] };
    await operator.done(ROUTES.repairVolume, { params: cluster });
    assert.deepEqual(
      answering.asked.map(({ method }) => method),
      ['backup', 'repair'],
    );
    answering.says = () => ({ result: { items: [backup], job: null } });
    const { items } = await operator.done(ROUTES.listBackups, { params: cluster });
    assert.deepEqual(items, [{ ...backup, at: '1970-01-01T00:00:00.000Z' }]);
    const partner = await fixture.partner('losing');
    const made = { email: 'a@losing.example', password: 'correct horse', quotaBytes: 5 };
    const { id: accountId } = await partner.done(ROUTES.createAccount, { body: made });
    answering.says = () => ({ result: { ...job, kind: 'restore' } });
    const body = { backup: 'B', account: 'a@losing.example', mailbox: 'Work', message: 7 };
    await operator.done(ROUTES.restoreBackup, { params: cluster, body });
    const { params: asked } = answering.asked.at(-1)!;
    const { partnerId, ...account } = asked['account'] as Record<string, unknown>;
    assert.match(String(partnerId), /^[0-9a-f-]{36}$/);
    assert.deepEqual(account, { accountId, email: made.email, quotaBytes: 5 });
    assert.deepEqual([asked['source'], asked['mailbox'], asked['messageId']], [accountId, 'Work', 7]);
    answering.says = () => ({ error: { code: 'BUSY', text: 'a restore is under way' } });
    assert.equal(await operator.refused(ROUTES.createBackup, { params: cluster }), 'conflict');
    assert.equal(await partner.refused(ROUTES.createBackup, { params: cluster }), 'forbidden');
  });

  it('has a node try cold storage before a volume is said to use it', async () => {
    const { operator } = fixture;
    const cluster = { ...params, volume };
    const place = { kind: 's3', endpoint: 'https://s3.example', bucket: 'cold', credentials: 'far' } as const;
    const status = {
      ...{ storage: 's3 x', running: false, hotBytes: 9, coldBytes: 0, coldSegments: 0, dueSegments: 1, dueBytes: 9 },
      ...{ movedMessages: 0, movedBytes: 0, movedStoredBytes: 0, trouble: null },
    };
    const body = { place, rules: [{ afterDays: 365 }, { afterDays: 30, minBytes: 1_000_000 }] };
    answering.says = () => ({ result: { ...status, rules: [], problem: 'SignatureDoesNotMatch' } });
    assert.equal(await operator.refused(ROUTES.setTiering, { params: cluster, body }), 'invalid_value');
    assert.equal(await operator.refused(ROUTES.setTiering, { params: cluster, body: { rules: [] } }), 'invalid_value');
    answering.says = () => ({ result: { ...status, rules: [], problem: null } });
    assert.deepEqual((await operator.done(ROUTES.showTiering, { params: cluster })).place, null);
    await operator.done(ROUTES.setTiering, { params: cluster, body });
    const rules = [365, 30].map((days, i) => ({ afterMs: days * 86_400_000, minBytes: i * 1_000_000 }));
    const whole = { ...place, region: 'us-east-1', prefix: '', pathStyle: true };
    const { params: asked } = answering.asked.at(-1)!;
    assert.deepEqual([asked['place'], asked['rules']], [whole, rules]);
    const shown = await operator.done(ROUTES.showTiering, { params: cluster });
    assert.deepEqual([shown.place, shown.rules[1]], [whole, { afterDays: 30, minBytes: 1_000_000 }]);
    await operator.done(ROUTES.setTiering, { params: cluster, body: { rules: [] } });
    assert.deepEqual(answering.asked.at(-1)!.params['place'], whole);
    assert.equal((await operator.done(ROUTES.runTiering, { params: cluster })).dueSegments, 1);
    const partner = await fixture.partner('cooling');
    assert.equal(await partner.refused(ROUTES.runTiering, { params: cluster }), 'forbidden');
  });

  it('tells a domain the records to publish', async () => {
    const { records } = await fixture.operator.done(ROUTES.showDomainDns, {
      params: { domain: (await named('published')).domain },
    });
    const of = (type: string) =>
      records.filter((record) => record.type === type).map(({ name, value }) => `${name} ${value}`);
    assert.deepEqual(of('MX'), ['published.example 10 hub-1.mx.example.net.']);
    assert(of('TXT').includes('published.example "v=spf1 mx -all"'));
    assert(of('SRV').includes('_imaps._tcp.published.example 0 1 993 hub-1.mx.example.net.'));
    assert(of('SRV').includes('_submissions._tcp.published.example 0 1 465 hub-1.mx.example.net.'));
  });
  const named = async (slug: string) => {
    await fixture.partner(slug);
    return { domain: `${slug}.example` };
  };

  it('shows the queue of every volume and acts on it', async () => {
    const { id: partnerId } = await fixture.operator.done(ROUTES.showPartner, { params: { partner: 'owner' } });
    const entry = {
      id: 7,
      partnerId,
      reversePath: '',
      forwardPath: 'x@away.example',
      sizeBytes: 10,
      status: 'queued',
      attempts: 2,
      createdAt: 0,
      nextAttemptAt: 1_000,
      lastError: '451 later',
    };
    answering.says = (method) => ({ result: method === 'queue' ? { entries: [entry] } : { done: true } });
    const queue = await fixture.operator.done(ROUTES.showQueue, { params, query: { partner: 'owner', limit: 5 } });
    assert.deepEqual(queue, {
      unanswered: [],
      entries: [
        {
          id: '7',
          volume,
          node: 'node-1',
          partner: 'owner',
          reversePath: '',
          forwardPath: 'x@away.example',
          sizeBytes: 10,
          state: 'queued',
          attempts: 2,
          createdAt: '1970-01-01T00:00:00.000Z',
          nextAttemptAt: '1970-01-01T00:00:01.000Z',
          lastError: '451 later',
        },
      ],
    });
    assert.deepEqual(answering.asked.at(-1)?.params, { volumeId: volume, epoch: 1, limit: 5, partnerId });
    const one = { ...params, volume: 'volume-1', entry: '7' };
    await fixture.operator.done(ROUTES.actOnQueueEntry, { params: one, body: { action: 'retry' } });
    assert.deepEqual(answering.asked.at(-1), {
      method: 'queueAct',
      params: { volumeId: volume, epoch: 1, entryId: 7, action: 'retry' },
    });
    answering.says = () => ({ error: { code: 'UNKNOWN', text: '' } });
    assert.equal(
      await fixture.operator.refused(ROUTES.actOnQueueEntry, { params: one, body: { action: 'hold' } }),
      'queue_entry_not_found',
    );
    assert.equal(
      await fixture.operator.refused(ROUTES.actOnQueueEntry, {
        params: { ...one, entry: 'x' },
        body: { action: 'hold' },
      }),
      'queue_entry_not_found',
    );
    answering.says = () => undefined;
    assert.equal(
      await fixture.operator.refused(ROUTES.actOnQueueEntry, { params: one, body: { action: 'cancel' } }),
      'node_unreachable',
    );
    assert.deepEqual((await fixture.operator.done(ROUTES.showQueue, { params })).unanswered, ['volume-1']);
  });

  it('takes an operator’s wishes', async () => {
    const { operator } = fixture;
    answering.says = () => ({ result: { bytes: 1 } });
    const control = { host: '127.0.0.1', port: 1 };
    const body = { name: 'node-2', control, data: control };
    await operator.done(ROUTES.createNode, { params, body });
    assert.equal(await operator.refused(ROUTES.createNode, { params, body }), 'conflict');
    const move = (to: string | null) => ({ params: { ...params, volume: 'volume-1' }, body: { to } });
    assert.equal((await operator.done(ROUTES.moveVolume, move('node-2'))).movingTo, 'node-2');
    assert.equal((await operator.done(ROUTES.moveVolume, move(null))).movingTo, null);
    assert.equal(await operator.refused(ROUTES.moveVolume, move('node-9')), 'node_not_found');
    const drain = (value: boolean) =>
      operator.done(ROUTES.drainNode, { params: { ...params, node: 'node-1' }, body: { drain: value } });
    assert.deepEqual([(await drain(true)).draining, (await drain(false)).draining], [true, false]);
    assert.equal(await operator.refused(ROUTES.deleteNode, { params: { ...params, node: 'node-1' } }), 'conflict');
    const volume1 = { ...params, volume: 'volume-1' };
    const update = (body: object) => operator.done(ROUTES.updateVolume, { params: volume1, body });
    assert.equal((await update({ preferredNode: 'node-2' })).preferredNode, 'node-2');
    assert.deepEqual(
      [(await update({ weight: 4, volumeClass: 'premium' })).preferredNode, (await update({})).volumeClass],
      ['node-2', 'premium'],
    );
    assert.equal(
      await operator.refused(ROUTES.updateVolume, { params: volume1, body: { volumeClass: 'Not a class' } }),
      'invalid_value',
    );
    const failBack = (node: string) => operator.done(ROUTES.failBackNode, { params: { ...params, node } });
    assert.deepEqual(
      (await failBack('node-2')).items.map(({ name, movingTo }) => [name, movingTo]),
      [['volume-1', 'node-2']],
    );
    assert.deepEqual((await failBack('node-1')).items, []);
    await operator.done(ROUTES.moveVolume, move(null));
    await update({ preferredNode: null, weight: 1, volumeClass: 'standard' });
    const changed = await operator.done(ROUTES.updateCluster, { params, body: { failBack: 'auto' } });
    assert.deepEqual([changed.failBack, changed.failBackAfterSeconds], ['auto', 60]);
    const heavier = { params: { ...params, node: 'node-2' }, body: { weight: 2, eligible: false } };
    const node2 = await operator.done(ROUTES.updateNode, heavier);
    assert.deepEqual([node2.weight, node2.eligible], [2, false]);
    await operator.done(ROUTES.deleteNode, { params: { ...params, node: 'node-2' } });
    assert.equal(await operator.refused(ROUTES.showNode, { params: { ...params, node: 'node-2' } }), 'node_not_found');
    const again = { name: 'volume-1', mount: { driver: 'local', path: '/x' } } as const;
    assert.equal(await operator.refused(ROUTES.createVolume, { params, body: again }), 'conflict');
    assert.equal(
      await operator.refused(ROUTES.showVolume, { params: { ...params, volume: 'volume-9' } }),
      'volume_not_found',
    );
    assert.equal(await operator.refused(ROUTES.listHubs, { params: { cluster: 'nowhere' } }), 'cluster_not_found');
    const made = { name: 'shared', partner: 'owner' };
    assert.equal(await operator.refused(ROUTES.createCluster, { body: made }), 'conflict');
    assert.equal(
      await operator.refused(ROUTES.createCluster, { body: { ...made, name: 'Not a name' } }),
      'invalid_value',
    );
  });

  it('shows a cluster to its owner, and to no other partner', async () => {
    const key = await fixture.operator.done(ROUTES.createApiKey, { body: { name: 'k', partner: 'owner' } });
    const owner = new Caller(fixture.api.url, key.secret);
    assert.deepEqual(
      (await owner.done(ROUTES.listClusters)).items.map(({ name }) => name),
      ['shared'],
    );
    assert.equal((await owner.done(ROUTES.listVolumes, { params })).items.length, 1);
    const other = await fixture.partner('other');
    assert.equal(await other.refused(ROUTES.listVolumes, { params }), 'cluster_not_found');
    // It may live there all the same: the cluster is shared.
    assert.equal((await other.done(ROUTES.showDomain, { params: { domain: 'other.example' } })).name, 'other.example');
  });
});
