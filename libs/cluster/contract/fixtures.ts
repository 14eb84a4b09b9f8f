import assert from 'node:assert/strict';
import type { ClusterState, NodeMember, Volume } from '#cluster/api';
import { RELEASE } from '#stdx';

export const HUB_A = '00000000-0000-4000-8000-00000000000a';
export const HUB_B = '00000000-0000-4000-8000-00000000000b';
/** Long enough that no test outlives it by accident. */
export const LONG_MS = 60_000;

export const heartbeat = (id: string, name = id.slice(-1)): Parameters<ClusterState['heartbeatHub']>[0] => ({
  id,
  name: `hub-${name}`,
  relay: { host: '127.0.0.1', port: 2024 },
  ...RELEASE,
  sessions: 3,
});

export const node = (state: ClusterState, name: string): Promise<NodeMember> =>
  state.addNode({
    name,
    control: { host: '127.0.0.1', port: 7001 },
    data: { host: '127.0.0.1', port: 7002 },
    weight: 1,
    eligible: true,
  });

export const volume = (state: ClusterState, name: string, preferredNodeId: string | null = null): Promise<Volume> =>
  state.addVolume({
    name,
    mount: { driver: 'local', path: `/volumes/${name}`, args: [] },
    volumeClass: 'standard',
    weight: 1,
    preferredNodeId,
    fence: null,
  });

/** Takes the lead and returns its epoch. */
export async function lead(state: ClusterState, hubId = HUB_A): Promise<number> {
  const lease = await state.acquireLeadership(hubId, LONG_MS);
  assert.ok(lease, 'leadership');
  return lease.epoch;
}

export const volumeNow = async (state: ClusterState, id: string): Promise<Volume> => {
  const found = (await state.snapshot()).volumes.find((each) => each.id === id);
  assert.ok(found);
  return found;
};

export const nodeNow = async (state: ClusterState, id: string): Promise<NodeMember> => {
  const found = (await state.snapshot()).nodes.find((each) => each.id === id);
  assert.ok(found);
  return found;
};
