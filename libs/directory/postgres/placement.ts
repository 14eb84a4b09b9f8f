import type { Database } from '#database';
import { err, ok } from '#stdx';
import { MAY_LIVE_THERE } from './pins.ts';
import type { DomainRow } from './rows.ts';
import { type Answer, isId, notFound } from './sql.ts';

/**
 * The home of a new account: of the volumes the domain's accounts may live on, the one with the fewest accounts for its
 * weight; or the volume asked for, of any class. Read as the system, since volumes are the cluster owner's. Two accounts
 * made at once may both go to the same volume, which the next ones make up for.
 */
export async function place(
  database: Database,
  domain: Pick<DomainRow, 'id' | 'cluster_id'>,
  wanted: string | undefined,
): Promise<Answer<string>> {
  if (wanted !== undefined) {
    const found = isId(wanted)
      ? await database.query('SELECT FROM volume WHERE id = $1 AND cluster_id = $2', [wanted, domain.cluster_id])
      : [];
    return found.length > 0 ? ok(wanted) : notFound('volume');
  }
  const [best] = await database.query<{ id: string }>(
    `SELECT v.id FROM domain d JOIN volume v ON v.cluster_id = d.cluster_id LEFT JOIN volume_load l ON l.volume_id = v.id
     WHERE d.id = $1 AND ${MAY_LIVE_THERE}
     ORDER BY coalesce(l.accounts, 0) / v.weight, v.id LIMIT 1`,
    [domain.id],
  );
  return best ? ok(best.id) : err({ code: 'noVolume', clusterId: domain.cluster_id });
}

/** Accounts on each volume of a cluster; volumes that never had one are absent. */
export async function accountsByVolume(database: Database, clusterId: string): Promise<ReadonlyMap<string, number>> {
  const rows = await database.query<{ volume_id: string; accounts: string }>(
    'SELECT l.volume_id, l.accounts FROM volume_load l JOIN volume v ON v.id = l.volume_id WHERE v.cluster_id = $1',
    [clusterId],
  );
  return new Map(rows.map((row) => [row.volume_id, Number(row.accounts)]));
}
