import { ClusterConflictError, type ClusterState, type NodeMember } from '#cluster/api';
import type { Database, Queryable } from '#database';
import type { Release } from '#stdx';
import { endNode, settleHubs, settleNodes } from './billing.ts';
import { type NodeRow, nodeOf, releaseValues } from './rows.ts';

type Heartbeat = Parameters<ClusterState['heartbeatHub']>[0];
type NewNode = Parameters<ClusterState['addNode']>[0];

/** In the order of `releaseValues`. */
const RELEASE_COLUMNS = ['version', 'protocol_oldest', 'protocol_newest', 'feature_oldest', 'feature_newest'];

/** The usual heartbeat is one statement; only a hub that was not up costs a transaction. */
export async function heartbeatHub(database: Database, clusterId: string, hub: Heartbeat): Promise<void> {
  const beat = await database.query(
    `UPDATE hub SET name = $3, relay_host = $4, relay_port = $5, sessions = $6, missing = $7,
       ${RELEASE_COLUMNS.map((column, at) => `${column} = $${at + 8}`).join(', ')}, tls_not_after = $13, last_seen_at = clock_timestamp()
     WHERE cluster_id = $1 AND id = $2 AND state = 'up' RETURNING id`,
    heartbeatValues(clusterId, hub),
  );
  if (beat.length > 0) return;
  await database.transaction((client) => bringHubUp(client, clusterId, hub));
}

const heartbeatValues = (clusterId: string, hub: Heartbeat): unknown[] => [
  clusterId,
  hub.id,
  hub.name,
  hub.relay.host,
  hub.relay.port,
  hub.sessions,
  hub.missing ?? [],
  ...releaseValues(hub),
  hub.tlsNotAfter ?? null,
];

async function bringHubUp(client: Queryable, clusterId: string, hub: Heartbeat): Promise<void> {
  // A hub set up again under a new id replaces the one that had its name.
  const { rows: replaced } = await client.query<{ id: string; state: string }>(
    'SELECT id, state FROM hub WHERE cluster_id = $1 AND name = $2 AND id <> $3 FOR UPDATE',
    [clusterId, hub.name, hub.id],
  );
  const stillUp = replaced.filter(({ state }) => state === 'up').map(({ id }) => id);
  await settleHubs(client, stillUp, 'stop');
  if (replaced.length > 0) await client.query('DELETE FROM hub WHERE id = ANY($1)', [replaced.map(({ id }) => id)]);
  const { rowCount } = await client.query(
    `INSERT INTO hub (cluster_id, id, name, relay_host, relay_port, sessions, missing, ${RELEASE_COLUMNS.join(', ')},
       tls_not_after, state, partner_id, started_at, last_seen_at)
     SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 'up', partner_id, clock_timestamp(), clock_timestamp() FROM cluster WHERE id = $1
       AND NOT EXISTS (SELECT 1 FROM member_certificate WHERE member_id = $2 HAVING bool_and(revoked_at IS NOT NULL))
     ON CONFLICT (id) DO UPDATE SET name = excluded.name, relay_host = excluded.relay_host, relay_port = excluded.relay_port,
       ${RELEASE_COLUMNS.map((column) => `${column} = excluded.${column}`).join(', ')}, sessions = excluded.sessions,
       tls_not_after = excluded.tls_not_after, missing = excluded.missing, state = 'up',
       started_at = clock_timestamp(), last_seen_at = clock_timestamp()
     WHERE hub.state <> 'up' AND hub.cluster_id = excluded.cluster_id`,
    heartbeatValues(clusterId, hub),
  );
  if (rowCount === 1) return settleHubs(client, [hub.id], 'start');
  const { rows } = await client.query('SELECT 1 FROM hub WHERE cluster_id = $1 AND id = $2', [clusterId, hub.id]);
  if (rows.length === 0)
    throw new ClusterConflictError(`hub ${hub.id} is no member of cluster ${clusterId}, or no longer one`);
}

/** Returns whether it was up. */
export async function takeHubDown(
  client: Queryable,
  clusterId: string,
  hubId: string,
  to: 'down' | 'stopped' = 'down',
): Promise<boolean> {
  const { rowCount } = await client.query(
    "UPDATE hub SET state = $3, sessions = 0, missing = '{}' WHERE cluster_id = $1 AND id = $2 AND state = 'up'",
    [clusterId, hubId, to],
  );
  if (rowCount === 1) await settleHubs(client, [hubId], 'stop');
  return rowCount === 1;
}

export async function removeHub(client: Queryable, clusterId: string, hubId: string): Promise<void> {
  await takeHubDown(client, clusterId, hubId);
  // Who is no member must not keep the others from leading.
  await client.query(
    "UPDATE leader_lease SET holder_hub_id = NULL, expires_at = '-infinity' WHERE cluster_id = $1 AND holder_hub_id = $2",
    [clusterId, hubId],
  );
  await client.query('DELETE FROM hub WHERE cluster_id = $1 AND id = $2', [clusterId, hubId]);
}

export async function addNode(client: Queryable, clusterId: string, node: NewNode): Promise<NodeMember> {
  const { rows } = await client.query<NodeRow>(
    `INSERT INTO node (cluster_id, partner_id, name, control_host, control_port, data_host, data_port, weight, eligible)
     SELECT id, partner_id, $2, $3, $4, $5, $6, $7, $8 FROM cluster WHERE id = $1
     ON CONFLICT (cluster_id, name) DO UPDATE SET control_host = excluded.control_host, control_port = excluded.control_port,
       data_host = excluded.data_host, data_port = excluded.data_port, weight = excluded.weight, eligible = excluded.eligible
     RETURNING *`,
    [
      clusterId,
      node.name,
      node.control.host,
      node.control.port,
      node.data.host,
      node.data.port,
      node.weight,
      node.eligible,
    ],
  );
  if (!rows[0]) throw new ClusterConflictError(`no cluster ${clusterId}`);
  return nodeOf(rows[0]);
}

export async function removeNode(client: Queryable, clusterId: string, nodeId: string): Promise<void> {
  await endNode(client, nodeId);
  const owned = await client.query('SELECT 1 FROM volume WHERE owner_node_id = $1 LIMIT 1', [nodeId]);
  if (owned.rowCount) throw new ClusterConflictError(`node ${nodeId} still owns a volume`);
  await client.query('DELETE FROM node WHERE cluster_id = $1 AND id = $2', [clusterId, nodeId]);
}

export async function updateNode(
  database: Database,
  clusterId: string,
  nodeId: string,
  { weight, eligible }: Parameters<ClusterState['updateNode']>[1],
): Promise<void> {
  await database.query(
    'UPDATE node SET weight = coalesce($3, weight), eligible = coalesce($4, eligible) WHERE cluster_id = $1 AND id = $2',
    [clusterId, nodeId, weight ?? null, eligible ?? null],
  );
}

export async function setNodeState(
  client: Queryable,
  clusterId: string,
  nodeId: string,
  state: NodeMember['state'],
  release: Release | undefined,
): Promise<boolean> {
  const { rowCount } = await client.query(
    `UPDATE node SET state = $3, ${RELEASE_COLUMNS.map((column, at) => `${column} = coalesce($${at + 4}, ${column})`).join(', ')},
       last_seen_at = CASE WHEN $3 IN ('down', 'stopped') THEN last_seen_at ELSE clock_timestamp() END
     WHERE cluster_id = $1 AND id = $2`,
    [clusterId, nodeId, state, ...(release ? releaseValues(release) : RELEASE_COLUMNS.map(() => null))],
  );
  if (rowCount !== 1) return false;
  await settleNodes(client, [nodeId]);
  return true;
}
