import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { UsageEvent } from '#metering';
import { HUB_A, HUB_B, heartbeat, lead, node, volume } from './fixtures.ts';
import type { OpenHarness } from './harness.ts';

const line = (event: UsageEvent): string => `${event.kind} ${'meter' in event ? event.meter : ''} ${event.subject}`;

export function usageContract(open: OpenHarness): void {
  describe('usage', () => {
    it('opens and closes hub-hours once for each time up', async () => {
      await using harness = await open();
      const { state } = harness;
      const leader = await lead(state);
      for (const _ of [1, 2]) {
        await state.heartbeatHub(heartbeat(HUB_A));
        await state.heartbeatHub(heartbeat(HUB_A));
        await state.markHubDown(leader, HUB_A);
        await state.markHubDown(leader, HUB_A);
      }
      const events = await harness.usage();
      assert.deepEqual(
        events.map(({ id, kind }) => `${kind} ${id}`),
        [
          `start ${HUB_A}~hub~1~start`,
          `stop ${HUB_A}~hub~2~stop`,
          `start ${HUB_A}~hub~3~start`,
          `stop ${HUB_A}~hub~4~stop`,
        ],
      );
      assert.ok(events.every(({ source, subject }) => source === 'cluster' && subject === HUB_A));
    });

    it('closes the hours of a hub that another replaced', async () => {
      await using harness = await open();
      await harness.state.heartbeatHub(heartbeat(HUB_A, 'x'));
      await harness.state.heartbeatHub(heartbeat(HUB_B, 'x'));
      assert.deepEqual((await harness.usage()).map(line), [
        `start hub ${HUB_A}`,
        `stop hub ${HUB_A}`,
        `start hub ${HUB_B}`,
      ]);
    });

    it('counts two heartbeats at once as one start', async () => {
      await using harness = await open();
      await Promise.all(Array.from({ length: 4 }, () => harness.state.heartbeatHub(heartbeat(HUB_A))));
      assert.deepEqual((await harness.usage()).map(line), [`start hub ${HUB_A}`]);
    });

    it('closes and opens all hours of a failover at one instant', async () => {
      await using harness = await open();
      const { state } = harness;
      const leader = await lead(state);
      const [one, two, vol] = [await node(state, 'one'), await node(state, 'two'), await volume(state, 'a')];
      await state.setNodeState(leader, one.id, 'standby');
      await state.setNodeState(leader, two.id, 'standby');
      await state.assignVolume(leader, vol.id, 0, one.id);
      const before = (await harness.usage()).length;
      await harness.pass(5);
      await state.declareDown(leader, one.id, [{ volumeId: vol.id, fromEpoch: 1, nodeId: two.id }], 'down');
      const failover = (await harness.usage()).slice(before);
      assert.deepEqual(
        failover.map(line).sort(),
        [`stop node-active ${one.id}`, `stop node-standby ${two.id}`, `start node-active ${two.id}`].sort(),
      );
      assert.equal(new Set(failover.map(({ at }) => at)).size, 1, 'one instant');
      await state.setNodeState(leader, one.id, 'standby');
      assert.deepEqual((await harness.usage()).slice(before + 3).map(line), [`start node-standby ${one.id}`]);
    });

    it('bills a draining node as active while it owns, then not', async () => {
      await using harness = await open();
      const { state } = harness;
      const leader = await lead(state);
      const [one, vol] = [await node(state, 'one'), await volume(state, 'a')];
      await state.setNodeState(leader, one.id, 'standby');
      await state.assignVolume(leader, vol.id, 0, one.id);
      await state.setNodeState(leader, one.id, 'draining');
      assert.equal((await harness.usage()).length, 3, 'no change of meter');
      await state.assignVolume(leader, vol.id, 1, null);
      assert.deepEqual((await harness.usage()).map(line), [
        `start node-standby ${one.id}`,
        `stop node-standby ${one.id}`,
        `start node-active ${one.id}`,
        `stop node-active ${one.id}`,
      ]);
    });

    it('gives every event an id of its own and keeps intervals of a subject in order', async () => {
      await using harness = await open();
      const { state } = harness;
      const leader = await lead(state);
      const [one, vol] = [await node(state, 'one'), await volume(state, 'a')];
      await state.setNodeState(leader, one.id, 'standby');
      for (let epoch = 0; epoch < 6; epoch++) {
        await state.assignVolume(leader, vol.id, epoch, epoch % 2 === 0 ? one.id : null);
      }
      await state.setNodeState(leader, one.id, 'down');
      await state.removeNode(one.id);
      const events = await harness.usage();
      assert.equal(new Set(events.map(({ id }) => id)).size, events.length);
      let running: string | undefined;
      for (const [i, event] of events.entries()) {
        assert.ok(i === 0 || event.at >= (events[i - 1]?.at ?? ''), 'in order');
        const meter = 'meter' in event ? event.meter : '';
        if (event.kind === 'start') {
          assert.equal(running, undefined, 'one interval at a time');
          running = meter;
        } else {
          assert.equal(running, meter);
          running = undefined;
        }
      }
      assert.equal(running, undefined);
    });
  });
}
