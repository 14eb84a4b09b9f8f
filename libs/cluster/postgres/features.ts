import type { Queryable } from '#database';

/** See `ClusterState.raiseFeatureLevel`. Call it in a transaction. */
export async function raiseFeatureLevel(
  client: Queryable,
  clusterId: string,
  level: number,
): Promise<readonly string[]> {
  const { rows: own } = await client.query<{ feature_level: number }>(
    'SELECT feature_level FROM cluster WHERE id = $1 FOR UPDATE',
    [clusterId],
  );
  if (!own[0] || own[0].feature_level >= level) return [];
  const { rows: behind } = await client.query<{ name: string }>(
    `SELECT name FROM hub WHERE cluster_id = $1 AND feature_newest < $2
     UNION ALL SELECT name FROM node WHERE cluster_id = $1 AND feature_newest < $2 AND last_seen_at IS NOT NULL ORDER BY name`,
    [clusterId, level],
  );
  if (behind.length > 0) return behind.map(({ name }) => name);
  await client.query('UPDATE cluster SET feature_level = $2 WHERE id = $1', [clusterId, level]);
  await client.query(
    `INSERT INTO cluster_event (cluster_id, partner_id, kind, subject, detail)
     SELECT id, partner_id, 'featureLevelRaised', id::text, $2 FROM cluster WHERE id = $1`,
    [clusterId, JSON.stringify({ from: own[0].feature_level, to: level })],
  );
  return [];
}
