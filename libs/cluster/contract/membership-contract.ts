import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ClusterConflictError } from '#cluster/api';
import { RELEASE } from '#stdx';
import { until } from '#testing';
import { HUB_A, HUB_B, heartbeat, lead, node, nodeNow, volume } from './fixtures.ts';
import type { OpenHarness } from './harness.ts';

export function membershipContract(open: OpenHarness): void {
  describe('members', () => {
    it('shows hubs as they said they are, with what they miss', async () => {
      await using harness = await open();
      const { state } = harness;
      const one = await node(state, 'one');
      await state.heartbeatHub(heartbeat(HUB_A));
      await state.heartbeatHub({ ...heartbeat(HUB_B), missing: [one.id] });
      const snapshot = await state.snapshot();
      assert.deepEqual(
        snapshot.hubs.map(({ name, state: up, sessions, relay }) => ({ name, up, sessions, port: relay.port })),
        [
          { name: 'hub-a', up: 'up', sessions: 3, port: 2024 },
          { name: 'hub-b', up: 'up', sessions: 3, port: 2024 },
        ],
      );
      assert.deepEqual([...snapshot.missing], [[HUB_B, [one.id]]]);
      assert.ok(snapshot.at.getTime() - (snapshot.hubs[0]?.lastSeenAt.getTime() ?? 0) < 5_000);
      await state.heartbeatHub(heartbeat(HUB_B));
      assert.equal((await state.snapshot()).missing.size, 0);
    });

    it('takes a hub of the same name under a new id as that hub set up again', async () => {
      await using harness = await open();
      await harness.state.heartbeatHub(heartbeat(HUB_A, 'x'));
      await harness.state.heartbeatHub(heartbeat(HUB_B, 'x'));
      assert.deepEqual(
        (await harness.state.snapshot()).hubs.map(({ id, state }) => [id, state]),
        [[HUB_B, 'up']],
      );
    });

    it('marks hubs down and up again', async () => {
      await using harness = await open();
      const { state } = harness;
      const epoch = await lead(state);
      await state.heartbeatHub(heartbeat(HUB_B));
      assert.equal(await state.markHubDown(epoch, HUB_B), true);
      assert.equal(await state.markHubDown(epoch, HUB_B), false, 'once');
      assert.equal((await state.snapshot()).hubs[0]?.state, 'down');
      await state.heartbeatHub(heartbeat(HUB_B));
      assert.equal((await state.snapshot()).hubs[0]?.state, 'up');
      await state.stopHub(HUB_B);
      assert.equal((await state.snapshot()).hubs[0]?.state, 'stopped');
      await state.heartbeatHub(heartbeat(HUB_B));
      assert.equal((await state.snapshot()).hubs[0]?.state, 'up');
    });

    it('keeps a node of one name under one id, with its newest endpoints', async () => {
      await using harness = await open();
      const { state } = harness;
      const first = await node(state, 'one');
      assert.equal(first.state, 'down');
      assert.equal(first.lastSeenAt, null);
      const again = await state.addNode({ ...first, data: { host: '127.0.0.1', port: 9999 } });
      assert.equal(again.id, first.id);
      assert.equal((await nodeNow(state, first.id)).data.port, 9999);
    });

    it('records state, version and when a node was seen', async () => {
      await using harness = await open();
      const { state } = harness;
      const epoch = await lead(state);
      const one = await node(state, 'one');
      await state.setNodeState(epoch, one.id, 'standby', { ...RELEASE, version: '1.2.3' });
      const up = await nodeNow(state, one.id);
      assert.deepEqual([up.state, up.version, up.lastSeenAt !== null], ['standby', '1.2.3', true]);
      await state.updateNode(one.id, { eligible: false, weight: 2 });
      assert.equal((await nodeNow(state, one.id)).eligible, false);
      await harness.pass(20);
      assert.equal(await state.recordSeen(epoch, [one.id]), true);
      assert.ok(((await nodeNow(state, one.id)).lastSeenAt ?? 0) > (up.lastSeenAt ?? 0));
    });

    it('tells a node that stopped from one that is down', async () => {
      await using harness = await open();
      const { state } = harness;
      const epoch = await lead(state);
      const one = await node(state, 'one');
      await state.setNodeState(epoch, one.id, 'standby');
      for (const gone of ['stopped', 'down'] as const) {
        await state.declareDown(epoch, one.id, [], gone);
        assert.equal((await nodeNow(state, one.id)).state, gone);
      }
      assert.deepEqual(
        (await harness.usage()).filter(({ subject }) => subject === one.id).map(({ kind }) => kind),
        ['start', 'stop'],
      );
    });

    it('raises the feature level once every member knows it, and never lowers it', async () => {
      await using harness = await open();
      const { state } = harness;
      const epoch = await lead(state);
      const now = async (): Promise<number> => (await state.snapshot()).featureLevel;
      const before = await now();
      const knows = (newest: number) => ({ ...RELEASE, features: { oldest: 1, newest } });
      const [one] = [await node(state, 'one'), await node(state, 'never-seen')];
      await state.setNodeState(epoch, one.id, 'standby', knows(before));
      await state.heartbeatHub({ ...heartbeat(HUB_A), ...knows(before + 1) });
      await state.heartbeatHub({ ...heartbeat(HUB_B), ...knows(before) });
      await state.stopHub(HUB_B);
      assert.deepEqual(await state.raiseFeatureLevel(before + 1), ['hub-b', 'one'], 'one that is away may come back');
      assert.equal(await now(), before);
      await state.heartbeatHub({ ...heartbeat(HUB_B), ...knows(before + 2) });
      await state.setNodeState(epoch, one.id, 'standby', knows(before + 1));
      assert.deepEqual(await state.raiseFeatureLevel(before + 1), []);
      assert.deepEqual(await state.raiseFeatureLevel(before), []);
      assert.equal(await now(), before + 1);
      assert.equal((await state.events({ limit: 10 })).at(-1)?.kind, 'featureLevelRaised');
      assert.equal((await state.snapshot()).featureRaise, 'manual');
      await state.setFeatureRaise('auto');
      assert.equal((await state.snapshot()).featureRaise, 'auto');
    });

    it('keeps what owners say of their storage, of the present epoch alone, and what hubs say of their certificate', async () => {
      await using harness = await open();
      const { state } = harness;
      const epoch = await lead(state);
      const one = await node(state, 'one');
      const { id: volumeId, health } = await volume(state, 'a');
      assert.deepEqual(health, { writable: true, storage: null });
      await state.assignVolume(epoch, volumeId, 0, one.id);
      const storage = { diskBytes: 9e12, diskFreeBytes: 8e12, trouble: 'readOnly' as const };
      assert.equal(await state.recordHealth(epoch, [{ volumeId, epoch: 1, writable: false, storage }]), true);
      assert.equal(await state.recordHealth(epoch, [{ volumeId, epoch: 0, writable: true, storage: null }]), true);
      assert.equal(await state.recordHealth(epoch + 1, [{ volumeId, epoch: 1, writable: true, storage: null }]), false);
      assert.deepEqual((await state.snapshot()).volumes[0]?.health, { writable: false, storage });
      const tlsNotAfter = new Date(Date.UTC(2030, 0, 1));
      await state.heartbeatHub({ ...heartbeat(HUB_A), tlsNotAfter });
      await state.heartbeatHub({ ...heartbeat(HUB_A), tlsNotAfter });
      assert.deepEqual((await state.snapshot()).hubs[0]?.tlsNotAfter, tlsNotAfter);
      assert.deepEqual((await state.snapshot()).fillLimits, { warnPercent: 90, fullPercent: 97 });
      await state.setFillLimits({ warnPercent: 50, fullPercent: 60 });
      assert.deepEqual((await state.snapshot()).fillLimits, { warnPercent: 50, fullPercent: 60 });
    });

    it('takes a hub out, and the lead from it', async () => {
      await using harness = await open();
      const { state } = harness;
      await state.heartbeatHub(heartbeat(HUB_A));
      await state.heartbeatHub(heartbeat(HUB_B));
      const lease = await state.acquireLeadership(HUB_A, 60_000);
      await state.removeHub(HUB_A);
      assert.deepEqual(
        (await state.snapshot()).hubs.map(({ id }) => id),
        [HUB_B],
      );
      assert.equal(await state.readLeadership(), undefined);
      assert.equal(await state.renewLeadership(HUB_A, lease?.epoch ?? 0, 60_000), undefined);
      assert.ok(await state.acquireLeadership(HUB_B, 60_000));
    });

    it('refuses to forget a node that owns a volume, and a volume name that is taken', async () => {
      await using harness = await open();
      const { state } = harness;
      const epoch = await lead(state);
      const one = await node(state, 'one');
      const vol = await volume(state, 'a', one.id);
      await assert.rejects(volume(state, 'a'), ClusterConflictError);
      await state.assignVolume(epoch, vol.id, 0, one.id);
      await assert.rejects(state.removeNode(one.id), ClusterConflictError);
      await state.assignVolume(epoch, vol.id, 1, null);
      await state.removeNode(one.id);
      const { nodes, volumes } = await state.snapshot();
      assert.deepEqual([nodes.length, volumes[0]?.preferredNodeId], [0, null]);
    });

    it('tells watchers of changes, not of heartbeats', async () => {
      await using harness = await open();
      const { state } = harness;
      await state.heartbeatHub(heartbeat(HUB_A));
      let told = 0;
      const stop = state.watch(() => told++);
      // The first call says that listening has begun, where there is anything to wait for.
      await harness.pass(200);
      const quiet = told;
      await state.heartbeatHub(heartbeat(HUB_A));
      await harness.pass(100);
      assert.equal(told, quiet);
      await volume(state, 'a');
      await until('news of the volume', () => told > quiet, 2_000);
      stop();
    });

    it('keeps events in order and pages through them', async () => {
      await using harness = await open();
      const { state } = harness;
      for (let i = 1; i <= 5; i++) await state.recordEvent('volumeOpened', `v${i}`, { n: i }, i * 1.5);
      const newest = await state.events({ limit: 2 });
      assert.deepEqual(
        newest.map(({ subject, durationMs, detail }) => [subject, durationMs, detail['n']]),
        [
          ['v4', 6, 4],
          ['v5', 7.5, 5],
        ],
      );
      const first = (await state.events({ limit: 5 }))[0]?.id ?? 0;
      assert.deepEqual(
        (await state.events({ limit: 2, after: first })).map(({ subject }) => subject),
        ['v2', 'v3'],
      );
    });
  });
}
