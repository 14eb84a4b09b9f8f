import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HUB_A, HUB_B, LONG_MS, lead, node, volume } from './fixtures.ts';
import type { OpenHarness } from './harness.ts';

export function leadershipContract(open: OpenHarness): void {
  describe('leadership', () => {
    it('is taken by one, and by nobody else while it runs', async () => {
      await using harness = await open();
      const { state } = harness;
      assert.equal(await state.readLeadership(), undefined);
      const lease = await state.acquireLeadership(HUB_A, LONG_MS);
      assert.equal(lease?.holderHubId, HUB_A);
      assert.equal(lease.epoch, 1);
      assert.ok(lease.remainingMs > 0 && lease.remainingMs <= LONG_MS);
      assert.equal(await state.acquireLeadership(HUB_B, LONG_MS), undefined);
      assert.equal((await state.readLeadership())?.holderHubId, HUB_A);
    });

    it('goes to exactly one of many that reach for it at once', async () => {
      await using harness = await open();
      const hubs = Array.from({ length: 8 }, (_, i) => `00000000-0000-4000-8000-0000000000${i}0`);
      const leases = await Promise.all(hubs.map((hub) => harness.state.acquireLeadership(hub, LONG_MS)));
      assert.equal(leases.filter(Boolean).length, 1);
    });

    it('is renewed by its holder at its epoch, by nobody else, and not once it has ended', async () => {
      await using harness = await open();
      const { state } = harness;
      const epoch = (await state.acquireLeadership(HUB_A, 150))?.epoch ?? 0;
      assert.equal((await state.renewLeadership(HUB_A, epoch, 150))?.epoch, epoch);
      assert.equal(await state.renewLeadership(HUB_B, epoch, 150), undefined);
      assert.equal(await state.renewLeadership(HUB_A, epoch + 1, 150), undefined);
      assert.equal(await state.renewLeadership(HUB_A, epoch - 1, 150), undefined);
      await harness.pass(200);
      assert.equal(await state.renewLeadership(HUB_A, epoch, 150), undefined);
      assert.equal(await state.readLeadership(), undefined);
    });

    it('raises the epoch with every holder, also when the same hub comes back as a new process', async () => {
      await using harness = await open();
      const { state } = harness;
      const first = await lead(state, HUB_A);
      const second = (await state.acquireLeadership(HUB_A, 100))?.epoch;
      assert.equal(second, first + 1);
      assert.equal(await state.renewLeadership(HUB_A, first, LONG_MS), undefined, 'the former process');
      await harness.pass(150);
      assert.equal((await state.acquireLeadership(HUB_B, LONG_MS))?.epoch, first + 2);
    });

    it('is free at once when resigned, and only by who holds it', async () => {
      await using harness = await open();
      const { state } = harness;
      const epoch = await lead(state, HUB_A);
      await state.resignLeadership(HUB_B, epoch);
      await state.resignLeadership(HUB_A, epoch - 1);
      assert.equal((await state.readLeadership())?.epoch, epoch);
      await state.resignLeadership(HUB_A, epoch);
      assert.equal((await state.acquireLeadership(HUB_B, LONG_MS))?.epoch, epoch + 1);
    });

    it('lets a former leader write nothing', async () => {
      await using harness = await open();
      const { state } = harness;
      const [one, vol] = [await node(state, 'one'), await volume(state, 'a')];
      const former = await lead(state, HUB_A);
      await state.resignLeadership(HUB_A, former);
      const refusals = async (epoch: number): Promise<void> => {
        assert.equal(await state.assignVolume(epoch, vol.id, 0, one.id), undefined);
        assert.equal(await state.declareDown(epoch, one.id, [], 'down'), undefined);
        assert.equal(await state.setNodeState(epoch, one.id, 'standby'), false);
        assert.equal(await state.setVolumeState(epoch, vol.id, 0, 'unassigned'), false);
        assert.equal(await state.markHubDown(epoch, HUB_A), false);
        assert.equal(await state.recordSeen(epoch, [one.id]), false);
      };
      await refusals(former);
      await lead(state, HUB_B);
      await refusals(former);
    });

    it('lets a leader whose lease has ended write nothing, though nobody else leads yet', async () => {
      await using harness = await open();
      const { state } = harness;
      const one = await node(state, 'one');
      const epoch = (await state.acquireLeadership(HUB_A, 100))?.epoch ?? 0;
      assert.equal(await state.setNodeState(epoch, one.id, 'standby'), true);
      await harness.pass(150);
      assert.equal(await state.setNodeState(epoch, one.id, 'down'), false);
    });
  });
}
