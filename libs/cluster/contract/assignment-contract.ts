import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DEFAULT_FAIL_BACK } from '#cluster/api';
import { lead, node, nodeNow, volume, volumeNow } from './fixtures.ts';
import type { OpenHarness } from './harness.ts';

const UNKNOWN = '00000000-0000-4000-8000-0000000000ff';

export function assignmentContract(open: OpenHarness): void {
  describe('assignment', () => {
    it('raises the epoch with every owner, from the current epoch only', async () => {
      await using harness = await open();
      const { state } = harness;
      const leader = await lead(state);
      const [one, two, vol] = [await node(state, 'one'), await node(state, 'two'), await volume(state, 'a')];
      assert.equal(await state.assignVolume(leader, vol.id, 0, one.id), 1);
      assert.equal(await state.assignVolume(leader, vol.id, 0, two.id), undefined, 'an epoch that is over');
      assert.equal(await state.assignVolume(leader, vol.id, 1, UNKNOWN), undefined, 'a node that is not');
      assert.equal(await state.assignVolume(leader, UNKNOWN, 0, one.id), undefined);
      const opening = await volumeNow(state, vol.id);
      assert.deepEqual([opening.epoch, opening.ownerNodeId, opening.state], [1, one.id, 'opening']);
      assert.equal(await state.assignVolume(leader, vol.id, 1, null), 2);
      assert.deepEqual(await state.routes(), [{ volumeId: vol.id, epoch: 2, ownerNodeId: null, state: 'unassigned' }]);
    });

    it('lets one of many concurrent assignments win', async () => {
      await using harness = await open();
      const { state } = harness;
      const leader = await lead(state);
      const [one, vol] = [await node(state, 'one'), await volume(state, 'a')];
      const epochs = await Promise.all(Array.from({ length: 6 }, () => state.assignVolume(leader, vol.id, 0, one.id)));
      assert.deepEqual(
        epochs.filter((epoch) => epoch !== undefined),
        [1],
      );
    });

    it('sets a state for the current epoch only, and none that contradicts who owns', async () => {
      await using harness = await open();
      const { state } = harness;
      const leader = await lead(state);
      const [one, vol] = [await node(state, 'one'), await volume(state, 'a')];
      assert.equal(await state.setVolumeState(leader, vol.id, 0, 'serving'), false, 'nobody owns it');
      await state.assignVolume(leader, vol.id, 0, one.id);
      assert.equal(await state.setVolumeState(leader, vol.id, 0, 'serving'), false);
      assert.equal(await state.setVolumeState(leader, vol.id, 1, 'unassigned'), false);
      assert.equal(await state.setVolumeState(leader, vol.id, 1, 'serving'), true);
      assert.deepEqual(
        [(await volumeNow(state, vol.id)).state, (await volumeNow(state, vol.id)).served],
        ['serving', true],
      );
      assert.equal(await state.setVolumeState(leader, vol.id, 1, 'failed'), true);
      assert.equal((await volumeNow(state, vol.id)).served, true, 'once is for ever');
    });

    it('makes nodes active or standby by what they own', async () => {
      await using harness = await open();
      const { state } = harness;
      const leader = await lead(state);
      const [one, two, vol] = [await node(state, 'one'), await node(state, 'two'), await volume(state, 'a')];
      await state.setNodeState(leader, one.id, 'standby');
      await state.setNodeState(leader, two.id, 'active');
      assert.equal((await nodeNow(state, two.id)).state, 'standby', 'it owns nothing');
      await state.assignVolume(leader, vol.id, 0, one.id);
      assert.equal((await nodeNow(state, one.id)).state, 'active');
      await state.assignVolume(leader, vol.id, 1, two.id);
      assert.equal((await nodeNow(state, one.id)).state, 'standby');
      assert.equal((await nodeNow(state, two.id)).state, 'active');
    });

    it('declares a node down and hands its volumes on in one step', async () => {
      await using harness = await open();
      const { state } = harness;
      const leader = await lead(state);
      const nodes = [await node(state, 'one'), await node(state, 'two'), await node(state, 'three')] as const;
      const volumes = [await volume(state, 'a'), await volume(state, 'b'), await volume(state, 'c')] as const;
      for (const each of nodes) await state.setNodeState(leader, each.id, 'standby');
      for (const each of volumes) await state.assignVolume(leader, each.id, 0, nodes[0].id);
      const moved = await state.declareDown(
        leader,
        nodes[0].id,
        [
          { volumeId: volumes[0].id, fromEpoch: 1, nodeId: nodes[1].id },
          { volumeId: volumes[1].id, fromEpoch: 1, nodeId: nodes[2].id },
          { volumeId: volumes[2].id, fromEpoch: 9, nodeId: nodes[2].id },
        ],
        'down',
      );
      assert.deepEqual(
        [...(moved ?? [])].sort(),
        [
          [volumes[0].id, 2],
          [volumes[1].id, 2],
        ].sort(),
      );
      const states = await Promise.all(nodes.map(async ({ id }) => (await nodeNow(state, id)).state));
      assert.deepEqual(states, ['down', 'active', 'active']);
      assert.equal((await volumeNow(state, volumes[2].id)).epoch, 1);
    });

    it('keeps what an operator thinks of volumes and of going back', async () => {
      await using harness = await open();
      const { state } = harness;
      const [one, vol] = [await node(state, 'one'), await volume(state, 'a')];
      const shown = async () => {
        const { volumeClass, weight, preferredNodeId } = await volumeNow(state, vol.id);
        return [volumeClass, weight, preferredNodeId];
      };
      await state.updateVolume(vol.id, { preferredNodeId: one.id });
      assert.deepEqual(await shown(), ['standard', 1, one.id]);
      await state.updateVolume(vol.id, { volumeClass: 'premium', weight: 3 });
      assert.deepEqual(await shown(), ['premium', 3, one.id]);
      const cold = { place: { kind: 'directory', path: '/cold' }, rules: [{ afterMs: 5, minBytes: 0 }] } as const;
      assert.equal((await volumeNow(state, vol.id)).cold, null);
      await state.updateVolume(vol.id, { cold });
      assert.deepEqual((await volumeNow(state, vol.id)).cold, cold);
      await state.updateVolume(vol.id, { preferredNodeId: null });
      assert.deepEqual((await volumeNow(state, vol.id)).cold, cold);
      assert.deepEqual(await shown(), ['premium', 3, null]);
      await state.updateVolume(UNKNOWN, { weight: 9 });
      assert.deepEqual((await state.snapshot()).failBack, DEFAULT_FAIL_BACK);
      await state.setFailBack({ mode: 'auto', afterMs: 5_000 });
      assert.deepEqual((await state.snapshot()).failBack, { mode: 'auto', afterMs: 5_000 });
    });

    it('keeps wishes until they are carried out or withdrawn', async () => {
      await using harness = await open();
      const { state } = harness;
      const leader = await lead(state);
      const [one, two, vol] = [await node(state, 'one'), await node(state, 'two'), await volume(state, 'a')];
      await state.requestMove(vol.id, two.id);
      assert.deepEqual(await state.requestedMoves(), [{ volumeId: vol.id, toNodeId: two.id }]);
      await state.assignVolume(leader, vol.id, 0, one.id);
      assert.equal((await state.requestedMoves()).length, 1, 'not there yet');
      await state.assignVolume(leader, vol.id, 1, two.id);
      assert.deepEqual(await state.requestedMoves(), []);
      await state.requestMove(vol.id, one.id);
      await state.requestMove(vol.id, null);
      await state.requestDrain(one.id, true);
      const { moves, drains } = await state.snapshot();
      assert.deepEqual([moves, drains], [[], [one.id]]);
      await state.requestDrain(one.id, false);
      assert.deepEqual(await state.drains(), []);
    });
  });
}
