import { ClusterConflictError } from '#cluster/api';
import type { Database } from '#database';
import type { Clock, Random } from '#stdx';
import { type Authority, createAuthority, type SealKey } from '#trust';

interface AuthorityRow {
  readonly certificate: string;
  readonly sealed_key: Buffer;
}

/**
 * The cluster's authority; made when it has none yet. Throws `SealError` when it was sealed under another key,
 * `ClusterConflictError` when there is no such cluster.
 */
export async function ensureAuthority(
  database: Database,
  clusterId: string,
  seal: SealKey,
  clock: Pick<Clock, 'now'>,
  random: Random,
): Promise<Authority> {
  const subject = `cluster_authority ${clusterId}`;
  const find = async (): Promise<Authority | undefined> => {
    const [row] = await database.query<AuthorityRow>(
      'SELECT certificate, sealed_key FROM cluster_authority WHERE cluster_id = $1',
      [clusterId],
    );
    return row && { certificate: row.certificate, key: seal.open(row.sealed_key, subject) };
  };
  const known = await find();
  if (known) return known;
  const { certificate, key } = await createAuthority(clusterId, clock, random);
  // Two may make one at once: the first stands.
  await database.query(
    `INSERT INTO cluster_authority (cluster_id, partner_id, certificate, sealed_key)
     SELECT id, partner_id, $2, $3 FROM cluster WHERE id = $1 ON CONFLICT DO NOTHING`,
    [clusterId, certificate, seal.seal(key, subject, random)],
  );
  const made = await find();
  if (!made) throw new ClusterConflictError(`no cluster ${clusterId}`);
  return made;
}
