import { type NodeMeter, type NodeState, nodeMeter, roleEventId, settledState } from '#cluster/api';
import type { Queryable } from '#database';
import type { UsageEvent } from '#metering';

interface MeteredNode {
  readonly id: string;
  readonly partner_id: string;
  readonly state: NodeState;
  readonly meter: NodeMeter | null;
  readonly role_change: string;
  readonly owned: number;
}

/**
 * The instant of a role change: the server's clock, read after the rows are locked and never before any of their last
 * changes, so that intervals of one subject follow each other whatever the clock does. Milliseconds, as events carry.
 */
const INSTANT = (table: 'hub' | 'node'): string =>
  `SELECT date_trunc('milliseconds', greatest(clock_timestamp(), max(role_since))) AS at FROM ${table} WHERE id = ANY($1)`;

async function instantOf(client: Queryable, table: 'hub' | 'node', ids: readonly string[]): Promise<Date> {
  const { rows } = await client.query<{ at: Date }>(INSTANT(table), [ids]);
  return rows[0]!.at;
}

type RoleChange = { readonly subject: string; readonly partnerId: string; readonly change: number; readonly at: Date };

const roleEvent = (role: RoleChange, kind: 'start' | 'stop', meter: NodeMeter | 'hub'): UsageEvent => ({
  id: roleEventId(role.subject, meter, role.change, kind),
  source: 'cluster',
  partnerId: role.partnerId,
  at: role.at.toISOString(),
  subject: role.subject,
  kind,
  meter,
});

async function emit(client: Queryable, events: readonly UsageEvent[]): Promise<void> {
  if (events.length === 0) return;
  await client.query(
    `INSERT INTO outbox (partner_id, topic, payload)
     SELECT (event->>'partnerId')::uuid, 'usage', event FROM jsonb_array_elements($1) event`,
    [JSON.stringify(events)],
  );
}

/** Locks the nodes in one order, so that two transactions never wait for each other in a circle. */
const METERED_NODES = `
  SELECT id, partner_id, state, meter, role_change,
         (SELECT count(*)::int FROM volume WHERE owner_node_id = node.id) AS owned
  FROM node WHERE id = ANY($1) ORDER BY id FOR UPDATE`;

/**
 * After a transaction changed who owns what or how nodes are: brings states and meters in line with it, closing and
 * opening all intervals concerned at one instant.
 */
export async function settleNodes(client: Queryable, nodeIds: readonly string[]): Promise<void> {
  const { rows } = await client.query<MeteredNode>(METERED_NODES, [nodeIds]);
  const changing = rows
    .map((node) => {
      const state = settledState(node.state, node.owned);
      return { node, state, meter: nodeMeter(state, node.owned) };
    })
    .filter(({ node, state, meter }) => state !== node.state || meter !== node.meter);
  if (changing.length === 0) return;
  const at = await instantOf(
    client,
    'node',
    changing.map(({ node }) => node.id),
  );
  const events: UsageEvent[] = [];
  for (const { node, state, meter } of changing) {
    const moved = meter !== node.meter;
    const change = Number(node.role_change) + (moved ? 1 : 0);
    await client.query('UPDATE node SET state = $2, meter = $3, role_change = $4, role_since = $5 WHERE id = $1', [
      node.id,
      state,
      meter,
      change,
      at,
    ]);
    if (!moved) continue;
    const role = { subject: node.id, partnerId: node.partner_id, change, at };
    if (node.meter) events.push(roleEvent(role, 'stop', node.meter));
    if (meter) events.push(roleEvent(role, 'start', meter));
  }
  await emit(client, events);
}

/** A node leaves for good: its running interval ends now. */
export async function endNode(client: Queryable, nodeId: string): Promise<void> {
  const { rows } = await client.query<MeteredNode>(METERED_NODES, [[nodeId]]);
  const node = rows[0];
  if (!node?.meter) return;
  const at = await instantOf(client, 'node', [nodeId]);
  const role = { subject: node.id, partnerId: node.partner_id, change: Number(node.role_change) + 1, at };
  await emit(client, [roleEvent(role, 'stop', node.meter)]);
}

/** Opens or closes the hub-hours of hubs whose state just changed in this transaction; their rows are locked by that. */
export async function settleHubs(client: Queryable, hubIds: readonly string[], kind: 'start' | 'stop'): Promise<void> {
  if (hubIds.length === 0) return;
  const at = await instantOf(client, 'hub', hubIds);
  const { rows } = await client.query<{ id: string; partner_id: string; role_change: string }>(
    'UPDATE hub SET role_change = role_change + 1, role_since = $2 WHERE id = ANY($1) RETURNING id, partner_id, role_change',
    [hubIds, at],
  );
  await emit(
    client,
    rows.map((hub) =>
      roleEvent({ subject: hub.id, partnerId: hub.partner_id, change: Number(hub.role_change), at }, kind, 'hub'),
    ),
  );
}
