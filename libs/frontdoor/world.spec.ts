import assert from 'node:assert/strict';
import type { Endpoint } from '#cluster/api';
import { MemoryClusterState } from '#cluster/memory';
import { MemoryDirectory } from '#directory/memory';
import { type Clock, type Result, seededRandom, systemClock, systemContext } from '#stdx';

export const NOWHERE: Endpoint = { host: '127.0.0.1', port: 9 };
const CHEAP = { memoryKiB: 64, passes: 1, lanes: 1, scramIterations: 4_096 };
const system = systemContext('test');

export const granted = <T>(result: Result<T, unknown>): T => {
  assert.ok(result.ok, JSON.stringify(result));
  return result.value;
};

/** A cluster of two volumes on two nodes, led by a test, and a directory with people on both. */
export async function frontdoorWorld(
  clock: Clock = systemClock,
  data: readonly [Endpoint, Endpoint] = [NOWHERE, NOWHERE],
) {
  const random = seededRandom(7);
  const state = new MemoryClusterState(random.uuid(), random.uuid(), clock, random);
  const lease = await state.acquireLeadership('hub', 3_600_000);
  assert.ok(lease);
  const member = (name: string, endpoint: Endpoint) =>
    state.addNode({ name, control: NOWHERE, data: endpoint, weight: 1, eligible: true });
  const nodes = [await member('node1', data[0]), await member('node2', data[1])] as const;
  const mount = (name: string) =>
    state.addVolume({
      name,
      mount: { driver: 'local', path: `/${name}`, args: [] },
      volumeClass: 'standard',
      weight: 1,
      preferredNodeId: null,
      fence: null,
    });
  const volumes = [await mount('a'), await mount('b')] as const;
  /** Gives a volume to a node; returns the new epoch. */
  const serve = async (volume: 0 | 1, node: 0 | 1, as: 'serving' | 'opening' = 'serving'): Promise<number> => {
    const { id } = volumes[volume];
    const epoch = (await state.routes()).find((route) => route.volumeId === id)!.epoch;
    const next = await state.assignVolume(lease.epoch, id, epoch, nodes[node].id);
    assert.ok(next);
    if (as === 'serving') assert.ok(await state.setVolumeState(lease.epoch, id, next, as));
    return next;
  };
  await serve(0, 0);
  await serve(1, 1);

  const directory = new MemoryDirectory({
    clusters: [{ id: state.clusterId, partnerId: null, shared: true }],
    volumes: volumes.map(({ id }) => ({ id, clusterId: state.clusterId, volumeClass: 'standard', weight: 1 })),
    clock,
    random,
    passwordCost: CHEAP,
  });
  const { registry, lookup } = directory;
  const partner = granted(await registry.createPartner(system, { slug: 'acme', name: 'Acme' }));
  granted(await registry.createDomain(system, { partnerId: partner.id, name: 'acme.test' }));
  const account = async (email: string, volume: 0 | 1) =>
    granted(await registry.createAccount(system, { email, password: `${email} pass`, volumeId: volumes[volume].id }));
  const alice = await account('alice@acme.test', 0);
  const bob = await account('bob@acme.test', 1);
  const carol = await account('carol@acme.test', 0);
  const alias = async (email: string, targets: string[]) =>
    granted(await registry.createAlias(system, { email, targets }));
  await alias('team@acme.test', ['alice@acme.test', 'bob@acme.test']);
  await alias('out@acme.test', ['someone@elsewhere.test']);
  await alias('mixed@acme.test', ['carol@acme.test', 'someone@elsewhere.test']);
  return {
    state,
    lease,
    nodes,
    volumes,
    serve,
    directory,
    registry,
    lookup,
    partner,
    alice,
    bob,
    carol,
    system,
    random,
  };
}

export type FrontdoorWorld = Awaited<ReturnType<typeof frontdoorWorld>>;
