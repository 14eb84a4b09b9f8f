import { join } from 'node:path';
import type { ClusterState } from '#cluster/api';
import { createCluster, findCluster, PostgresClusterState } from '#cluster/postgres';
import type { Database } from '#database';
import { type DirectoryRegistry } from '#directory/api';
import { PostgresDirectoryRegistry } from '#directory/postgres';
import { type Clock, type Logger, present, type Random, systemContext } from '#stdx';
import { accepted } from './accepted.ts';
import { DEMO_PARTNER } from './demo/demo.ts';
import { HOST, type Layout } from './layout.ts';
import type { SupervisorOptions } from './options.ts';
import type { SecretsFile } from './secrets.ts';

const OPERATOR_PARTNER = { slug: 'operator', name: 'Operator', currency: 'EUR', timeZone: 'UTC' };
const CLUSTER_NAME = 'cluster-1';

/** The rows an embedded cluster stands on, and the engines over them. */
export interface ControlPlane {
  readonly state: ClusterState;
  readonly registry: DirectoryRegistry;
  /** Who owns the cluster and pays for its hub- and node-hours. */
  readonly partnerId: string;
  readonly clusterKey: Buffer;
  readonly nodeIds: ReadonlyMap<string, string>;
  close(): Promise<void>;
}

export interface ControlPlaneInput {
  readonly options: SupervisorOptions;
  readonly layout: Layout;
  readonly database: Database;
  readonly databaseUrl: string;
  readonly secrets: SecretsFile;
  readonly random: Random;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Makes what is missing: owner, cluster, nodes, volumes, the operator's key. A later start with more nodes or volumes adds them. */
export async function ensureControlPlane(input: ControlPlaneInput): Promise<ControlPlane> {
  const { options, database, secrets } = input;
  const registry = new PostgresDirectoryRegistry(database);
  const owner = options.demo || secrets.value.demo ? DEMO_PARTNER : OPERATOR_PARTNER;
  const cluster = await ensureCluster(database, registry, owner, input.random);
  const state = new PostgresClusterState(cluster.id, database, input.databaseUrl, input.clock, input.logger);
  const nodeIds = await ensureNodes(state, input.layout);
  await ensureVolumes(state, input, nodeIds);
  if (secrets.value.operator.apiKey === null) {
    const key = accepted(
      await registry.createApiKey(systemContext('supervisor'), {
        partnerId: null,
        name: 'operator',
        scopes: ['read', 'write', 'operator'],
      }),
    );
    secrets.value.operator.apiKey = key.secret;
  }
  secrets.value.clusterId = cluster.id;
  secrets.save();
  return {
    state,
    registry,
    partnerId: cluster.partnerId,
    clusterKey: cluster.key,
    nodeIds,
    close: () => state.close(),
  };
}

async function ensureCluster(
  database: Database,
  registry: DirectoryRegistry,
  owner: typeof OPERATOR_PARTNER,
  random: Random,
) {
  const existing = await findCluster(database, CLUSTER_NAME);
  if (existing) return existing;
  const context = systemContext('supervisor');
  const found = await registry.findPartner(context, owner.slug);
  const partner = found.ok ? found.value : accepted(await registry.createPartner(context, owner));
  return createCluster(database, { partnerId: partner.id, name: CLUSTER_NAME }, random);
}

async function ensureNodes(state: ClusterState, layout: Layout): Promise<ReadonlyMap<string, string>> {
  const known = new Map((await state.snapshot()).nodes.map(({ name, id }) => [name, id]));
  for (const place of layout.nodes) {
    if (known.has(place.name)) continue;
    const node = await state.addNode({
      name: place.name,
      control: { host: HOST, port: place.controlPort },
      data: { host: HOST, port: place.dataPort },
      weight: 1,
      eligible: true,
    });
    known.set(place.name, node.id);
  }
  return known;
}

/** Volume k prefers active node k (in turn), so that the standbys start empty. */
async function ensureVolumes(
  state: ClusterState,
  { options, layout }: ControlPlaneInput,
  nodeIds: ReadonlyMap<string, string>,
): Promise<void> {
  const known = new Set((await state.snapshot()).volumes.map(({ name }) => name));
  for (let number = 1; number <= options.volumes; number++) {
    const name = `volume-${number}`;
    if (known.has(name)) continue;
    const preferred = `node-${((number - 1) % options.nodes) + 1}`;
    await state.addVolume({
      name,
      mount: { driver: 'local', path: join(layout.directories.volumes, name), args: [] },
      volumeClass: 'standard',
      weight: 1,
      preferredNodeId: present(nodeIds.get(preferred), preferred),
      fence: null,
    });
  }
}
