import type { ClusterState, NodeMember } from '#cluster/api';
import { type ClusterRecord, createCluster, findCluster, PostgresClusterState } from '#cluster/postgres';
import type { Database } from '#database';
import { type DirectoryRegistry } from '#directory/api';
import { PostgresDirectoryRegistry } from '#directory/postgres';
import { type Clock, type Logger, present, type Random, systemContext } from '#stdx';
import { accepted } from './accepted.ts';

export const OPERATOR_PARTNER = { slug: 'operator', name: 'Operator', currency: 'EUR', timeZone: 'UTC' };
const CLUSTER_NAME = 'cluster-1';

/** The rows an embedded cluster stands on, and the engines over them. */
export interface ControlPlane {
  readonly state: ClusterState;
  readonly registry: DirectoryRegistry;
  /** Who owns the cluster and pays for its hub- and node-hours. */
  readonly partnerId: string;
  close(): Promise<void>;
}

export interface ControlPlaneInput {
  readonly owner: typeof OPERATOR_PARTNER;
  readonly nodes: readonly Pick<NodeMember, 'name' | 'control' | 'data'>[];
  readonly volumes: readonly WantedVolume[];
  readonly database: Database;
  readonly databaseUrl: string;
  readonly random: Random;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface WantedVolume {
  readonly name: string;
  /** Its directory, the same on every node. */
  readonly path: string;
  /** Node that should own it when it may choose. */
  readonly preferredNode: string;
}

/** Makes what is missing: owner, cluster, nodes, volumes. A later call with more nodes or volumes adds them. */
export async function ensureControlPlane(input: ControlPlaneInput): Promise<ControlPlane> {
  const { database, clock, logger } = input;
  const registry = new PostgresDirectoryRegistry(database, input.random);
  const cluster = await ensureCluster(input, registry);
  const state = new PostgresClusterState(cluster.id, database, input.databaseUrl, clock, logger);
  const nodeIds = await ensureNodes(state, input.nodes);
  await ensureVolumes(state, input.volumes, nodeIds);
  return {
    state,
    registry,
    partnerId: cluster.partnerId,
    close: () => state.close(),
  };
}

async function ensureCluster(
  { database, owner, random }: ControlPlaneInput,
  registry: DirectoryRegistry,
): Promise<ClusterRecord> {
  const existing = await findCluster(database, CLUSTER_NAME);
  if (existing) return existing;
  const context = systemContext('supervisor');
  const found = await registry.findPartner(context, owner.slug);
  const partner = found.ok ? found.value : accepted(await registry.createPartner(context, owner));
  return createCluster(database, { partnerId: partner.id, name: CLUSTER_NAME, shared: true }, random);
}

async function ensureNodes(
  state: ClusterState,
  nodes: ControlPlaneInput['nodes'],
): Promise<ReadonlyMap<string, string>> {
  const known = new Map((await state.snapshot()).nodes.map((node) => [node.name, node]));
  for (const node of nodes) {
    const { weight = 1, eligible = true } = known.get(node.name) ?? {};
    // One that is there already may listen elsewhere this time.
    known.set(node.name, await state.addNode({ ...node, weight, eligible }));
  }
  return new Map([...known].map(([name, { id }]) => [name, id]));
}

async function ensureVolumes(
  state: ClusterState,
  volumes: readonly WantedVolume[],
  nodeIds: ReadonlyMap<string, string>,
): Promise<void> {
  const known = new Set((await state.snapshot()).volumes.map(({ name }) => name));
  for (const { name, path, preferredNode } of volumes) {
    if (known.has(name)) continue;
    await state.addVolume({
      name,
      mount: { driver: 'local', path, args: [] },
      volumeClass: 'standard',
      weight: 1,
      preferredNodeId: present(nodeIds.get(preferredNode), preferredNode),
      fence: null,
    });
  }
}
