import type { Queryable } from '#database';
import type { Observation } from './findings.ts';

/** What is younger may still be on its way through the outbox. */
const ON_ITS_WAY_MS = 10 * 60_000;
/** How far the cluster's history and its events may be apart: one is written when a leader sees it, the other when it commits. */
const APART = `interval '60 seconds'`;
/** Of one partner that are told at once. */
const TOLD_MAX = 200;

/** Compares what is counted with what there is: roles of hubs and nodes, mailboxes, the cluster's own history. */
export async function historyDifferences(client: Queryable, partnerId: string, now: number): Promise<Observation[]> {
  const settled = new Date(now - ON_ITS_WAY_MS);
  return [
    ...(await roles(client, partnerId, settled)),
    ...(await lostChanges(client, partnerId, settled)),
    ...(await gone(client, partnerId, settled)),
    ...(await uncounted(client, partnerId, settled)),
  ];
}

interface RoleRow {
  readonly kind: 'hub' | 'node';
  readonly id: string;
  readonly name: string;
  readonly is_in: string | null;
  readonly since: Date;
  readonly counted: string | null;
  readonly counted_since: Date | null;
}

/** Hubs and nodes whose running interval is not their present role, since when they are in it. */
async function roles(client: Queryable, partnerId: string, settled: Date): Promise<Observation[]> {
  const { rows } = await client.query<RoleRow>(
    `SELECT member.*, life.meter AS counted, life.started AS counted_since FROM (
       SELECT 'node' AS kind, id, name, meter AS is_in, greatest(role_since, created_at) AS since, role_since FROM node WHERE partner_id = $1
       UNION ALL
       SELECT 'hub', id, name, CASE state WHEN 'up' THEN 'hub' END, role_since, role_since FROM hub WHERE partner_id = $1 AND role_change > 0
     ) member LEFT JOIN resource_interval life ON life.partner_id = $1 AND life.kind = member.kind AND life.resource = member.id::text AND life.ended IS NULL
     WHERE member.since < $2 AND coalesce(life.started, '-infinity') < $2
       AND (member.is_in IS DISTINCT FROM life.meter OR (member.is_in IS NOT NULL AND member.role_since <> life.started))
     ORDER BY member.id LIMIT ${TOLD_MAX}`,
    [partnerId, settled],
  );
  return rows.map((row): Observation => {
    const [is, counted] = [row.is_in ?? 'not billed', row.counted ?? 'not billed'];
    const { since } = row;
    return {
      kind: 'role',
      meter: row.is_in ?? row.counted ?? row.kind,
      subject: row.id,
      started: Math.min(since.getTime(), row.counted_since?.getTime() ?? since.getTime()),
      ended: null,
      expected: `${is} since ${since.toISOString()}`,
      found: row.counted_since ? `${counted} since ${row.counted_since.toISOString()}` : counted,
      detail: `The ${row.kind} ${row.name} is ${is} since ${since.toISOString()}, and counted as ${counted}.`,
    };
  });
}

/** Each change of a role has a number, without gaps: one that no event came of was lost on its way. */
async function lostChanges(client: Queryable, partnerId: string, settled: Date): Promise<Observation[]> {
  const { rows } = await client.query<{ kind: string; id: string; name: string; lost: string; first: string }>(
    `SELECT kind, id, name, count(*) AS lost, min(change) AS first FROM (
       SELECT 'node' AS kind, id, name, role_change, role_since FROM node WHERE partner_id = $1
       UNION ALL SELECT 'hub', id, name, role_change, role_since FROM hub WHERE partner_id = $1
     ) member CROSS JOIN LATERAL generate_series(1, member.role_change) change
     WHERE member.role_since < $2 AND NOT EXISTS (
       SELECT FROM usage_event_key WHERE partner_id = $1 AND source = 'cluster' AND event_id IN (
         SELECT member.id || '~' || meter || '~' || change || '~' || turn
         FROM unnest('{hub,node-active,node-standby}'::text[]) meter, unnest('{start,stop}'::text[]) turn))
     GROUP BY kind, id, name ORDER BY id LIMIT ${TOLD_MAX}`,
    [partnerId, settled],
  );
  return rows.map(({ kind, id, name, lost, first }) => ({
    kind: 'role',
    meter: kind,
    subject: `${id} change ${first}`,
    started: settled.getTime() - (settled.getTime() % 86_400_000),
    ended: null,
    expected: '0',
    found: lost,
    detail: `${lost} changes of the ${kind} ${name}'s role were never counted, the first of them number ${first}.`,
  }));
}

/** Running intervals of what there is not any more. */
async function gone(client: Queryable, partnerId: string, settled: Date): Promise<Observation[]> {
  const { rows } = await client.query<{
    kind: string;
    meter: string;
    resource: string;
    label: string | null;
    started: Date;
  }>(
    `SELECT kind, meter, resource, label, started FROM resource_interval life
     WHERE partner_id = $1 AND ended IS NULL AND started < $2 AND NOT EXISTS (
       SELECT FROM hub WHERE life.kind = 'hub' AND hub.id::text = life.resource
       UNION ALL SELECT FROM node WHERE life.kind = 'node' AND node.id::text = life.resource
       UNION ALL SELECT FROM account WHERE life.kind = 'mailbox' AND account.id::text = life.resource)
       AND NOT EXISTS (SELECT FROM outbox WHERE topic = 'usage' AND partner_id = $1 AND payload->>'subject' = life.resource)
     ORDER BY started, resource LIMIT ${TOLD_MAX}`,
    [partnerId, settled],
  );
  return rows.map(({ kind, meter, resource, label, started }) => ({
    kind: 'gone',
    meter,
    subject: resource,
    started: started.getTime(),
    ended: null,
    detail: `A ${kind} ${label ?? resource} is counted since ${started.toISOString()}: there is none.`,
  }));
}

/** Mailboxes that nothing counts. */
async function uncounted(client: Queryable, partnerId: string, settled: Date): Promise<Observation[]> {
  const { rows } = await client.query<{ id: string; email: string; created_at: Date }>(
    `SELECT id, email, created_at FROM account
     WHERE partner_id = $1 AND created_at < $2 AND NOT EXISTS (
       SELECT FROM resource_interval life WHERE life.partner_id = $1 AND life.kind = 'mailbox' AND life.resource = account.id::text AND life.ended IS NULL)
       AND NOT EXISTS (SELECT FROM outbox WHERE topic = 'usage' AND partner_id = $1 AND payload->>'subject' = account.id::text)
     ORDER BY created_at, id LIMIT ${TOLD_MAX}`,
    [partnerId, settled],
  );
  return rows.map(({ id, email, created_at }) => ({
    kind: 'mailbox',
    meter: 'mailbox',
    subject: id,
    started: created_at.getTime(),
    ended: null,
    detail: `The mailbox ${email} is there since ${created_at.toISOString()} and is not counted.`,
  }));
}

/**
 * Σ active + standby + unbilled = a node's life: in [from, to) a node may be counted only while its cluster's history does not
 * say that it was down, and not counted only where that says why.
 */
export async function lifetimeDifferences(
  client: Queryable,
  partnerId: string,
  from: Date,
  to: Date,
): Promise<Observation[]> {
  const { rows } = await client.query<{
    subject: string;
    meter: string;
    started: Date;
    ended: Date | null;
    counted: boolean;
  }>(
    `WITH news AS (
       SELECT subject, at, kind, lead(at) OVER (PARTITION BY subject ORDER BY id) AS until FROM cluster_event
       WHERE partner_id = $1 AND kind IN ('nodeUp', 'nodeDown', 'nodeStopped')
     ), down AS (
       SELECT subject, at, until FROM news WHERE kind <> 'nodeUp' AND at < $3 AND coalesce(until, 'infinity') > $2
     ), life AS (
       SELECT resource, meter, started, ended, lead(started) OVER (PARTITION BY resource ORDER BY started) AS next
       FROM resource_interval WHERE partner_id = $1 AND kind = 'node'
     )
     SELECT life.resource AS subject, life.meter, greatest(life.started, down.at) AS started, least(life.ended, down.until) AS ended, true AS counted
     FROM life JOIN down ON down.subject = life.resource
       AND life.started < coalesce(down.until, 'infinity') - ${APART} AND coalesce(life.ended, 'infinity') > down.at + ${APART}
     WHERE life.started < $3 AND coalesce(life.ended, 'infinity') > $2
     UNION ALL
     SELECT life.resource, life.meter, life.ended, life.next, false FROM life
     WHERE life.next - life.ended > ${APART} AND life.ended < $3 AND life.next > $2 AND NOT EXISTS (
       SELECT FROM cluster_event WHERE cluster_event.partner_id = $1 AND cluster_event.subject = life.resource
         AND cluster_event.kind IN ('nodeDown', 'nodeStopped', 'nodeFenced', 'nodeDraining', 'nodeDrained')
         AND cluster_event.at BETWEEN life.ended - ${APART} AND life.next)
     ORDER BY 3, 1 LIMIT ${TOLD_MAX}`,
    [partnerId, from, to],
  );
  return rows.map(({ subject, meter, started, ended, counted }) => {
    const stretch = `from ${started.toISOString()} ${ended ? `to ${ended.toISOString()}` : 'on'}`;
    return {
      kind: 'lifetime',
      meter,
      subject,
      started: started.getTime(),
      ended: ended?.getTime() ?? null,
      detail: counted
        ? `The node ${subject} is counted as ${meter} ${stretch}; its cluster says that it was down.`
        : `The node ${subject} is not counted ${stretch}; its cluster does not say why.`,
    };
  });
}
