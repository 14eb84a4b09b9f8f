import type { Database } from '#database';

/** Whether a domain's accounts may live on a volume: on those it is pinned to, else on all of its class. For a query with `d` (domain) and `v` (volume). */
export const MAY_LIVE_THERE = `CASE WHEN EXISTS (SELECT FROM domain_volume p WHERE p.domain_id = d.id)
  THEN EXISTS (SELECT FROM domain_volume p WHERE p.domain_id = d.id AND p.volume_id = v.id)
  ELSE v.volume_class = d.volume_class END`;

/** From now on the domain's accounts are placed on these volumes of its cluster, whatever their class; on none, by class again. */
export async function pinDomain(database: Database, domainId: string, volumeIds: readonly string[]): Promise<void> {
  await database.transaction(async (client) => {
    await client.query('DELETE FROM domain_volume WHERE domain_id = $1', [domainId]);
    await client.query(
      `INSERT INTO domain_volume (domain_id, volume_id, partner_id)
       SELECT d.id, v.id, d.partner_id FROM domain d JOIN volume v ON v.cluster_id = d.cluster_id
       WHERE d.id = $1 AND v.id = ANY($2)`,
      [domainId, volumeIds],
    );
  });
}

/** Ids of the volumes the domain is pinned to. */
export async function pinsOf(database: Database, domainId: string): Promise<readonly string[]> {
  const rows = await database.query<{ volume_id: string }>('SELECT volume_id FROM domain_volume WHERE domain_id = $1', [
    domainId,
  ]);
  return rows.map((row) => row.volume_id);
}
