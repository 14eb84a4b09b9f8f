import type { Database } from '#database';

/** A cluster of its own partner's, as the cluster's tables want it; returns its id. */
export async function insertCluster(database: Database, name: string, shared: boolean): Promise<string> {
  const [row] = await database.query<{ id: string }>(
    `WITH owner AS (INSERT INTO partner (slug, name) VALUES ($1, $1) RETURNING id)
     INSERT INTO cluster (partner_id, name, key, shared) SELECT id, $1, sha256('key'), $2 FROM owner RETURNING id`,
    [name, shared],
  );
  return row?.id ?? '';
}

export async function insertVolume(
  database: Database,
  clusterId: string,
  name: string,
  volumeClass: string,
  weight: number,
): Promise<string> {
  const [row] = await database.query<{ id: string }>(
    `INSERT INTO volume (cluster_id, partner_id, name, mount, volume_class, weight)
     SELECT id, partner_id, $2, '{"driver":"local","path":"/nowhere","args":[]}', $3, $4 FROM cluster WHERE id = $1 RETURNING id`,
    [clusterId, name, volumeClass, weight],
  );
  return row?.id ?? '';
}
