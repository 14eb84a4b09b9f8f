import type { LeaderLease } from '#cluster/api';
import type { Queryable } from '#database';

interface LeaseRow {
  readonly holder_hub_id: string | null;
  readonly epoch: string;
  readonly remaining_ms: number | null;
}

/** Milliseconds the lease still runs, by the server's clock; NULL when nobody holds it. */
const LEASE = `holder_hub_id, epoch,
  CASE WHEN holder_hub_id IS NOT NULL AND expires_at > clock_timestamp()
       THEN extract(epoch FROM expires_at - clock_timestamp())::float8 * 1000 END AS remaining_ms`;

const heldLease = (row: LeaseRow | undefined): LeaderLease | undefined =>
  row && row.holder_hub_id !== null && row.remaining_ms !== null
    ? { holderHubId: row.holder_hub_id, epoch: Number(row.epoch), remainingMs: row.remaining_ms }
    : undefined;

async function readRow(client: Queryable, clusterId: string): Promise<LeaseRow | undefined> {
  const { rows } = await client.query<LeaseRow>(`SELECT ${LEASE} FROM leader_lease WHERE cluster_id = $1`, [clusterId]);
  return rows[0];
}

export async function readLease(client: Queryable, clusterId: string): Promise<LeaderLease | undefined> {
  return heldLease(await readRow(client, clusterId));
}

/**
 * Compare-and-set on the (holder, epoch) just read, and only if that lease has ended. A hub that held it itself takes
 * it anew with the next epoch, so that a former process of the same hub can no longer write. One that was removed does not.
 */
export async function takeLease(
  client: Queryable,
  clusterId: string,
  hubId: string,
  ttlMs: number,
): Promise<LeaderLease | undefined> {
  let seen = await readRow(client, clusterId);
  if (!seen) {
    await client.query(
      'INSERT INTO leader_lease (cluster_id, partner_id) SELECT id, partner_id FROM cluster WHERE id = $1 ON CONFLICT DO NOTHING',
      [clusterId],
    );
    seen = await readRow(client, clusterId);
  }
  if (!seen) return undefined;
  const { rows } = await client.query<LeaseRow>(
    `UPDATE leader_lease SET holder_hub_id = $2, epoch = epoch + 1, expires_at = clock_timestamp() + $3 * interval '1 ms'
     WHERE cluster_id = $1 AND holder_hub_id IS NOT DISTINCT FROM $4 AND epoch = $5
       AND (holder_hub_id IS NULL OR holder_hub_id = $2 OR expires_at <= clock_timestamp())
       AND NOT EXISTS (SELECT 1 FROM member_certificate WHERE member_id = $2 HAVING bool_and(revoked_at IS NOT NULL))
     RETURNING ${LEASE}`,
    [clusterId, hubId, ttlMs, seen.holder_hub_id, seen.epoch],
  );
  return heldLease(rows[0]);
}

/** Compare-and-set on (holder, epoch); a lease that has ended is not renewed but fought for again. */
export async function renewLease(
  client: Queryable,
  clusterId: string,
  hubId: string,
  epoch: number,
  ttlMs: number,
): Promise<LeaderLease | undefined> {
  const { rows } = await client.query<LeaseRow>(
    `UPDATE leader_lease SET expires_at = clock_timestamp() + $4 * interval '1 ms'
     WHERE cluster_id = $1 AND holder_hub_id = $2 AND epoch = $3 AND expires_at > clock_timestamp()
     RETURNING ${LEASE}`,
    [clusterId, hubId, epoch, ttlMs],
  );
  return heldLease(rows[0]);
}

export async function resignLease(client: Queryable, clusterId: string, hubId: string, epoch: number): Promise<void> {
  await client.query(
    `UPDATE leader_lease SET holder_hub_id = NULL, expires_at = '-infinity'
     WHERE cluster_id = $1 AND holder_hub_id = $2 AND epoch = $3`,
    [clusterId, hubId, epoch],
  );
}

/**
 * True while `epoch` leads. The row stays share-locked until the transaction ends: nobody can take the lease before
 * what the leader writes is committed, so a new leader never reads a state that an old one is still changing.
 */
export async function leads(client: Queryable, clusterId: string, epoch: number): Promise<boolean> {
  const { rowCount } = await client.query(
    'SELECT 1 FROM leader_lease WHERE cluster_id = $1 AND epoch = $2 AND holder_hub_id IS NOT NULL AND expires_at > clock_timestamp() FOR SHARE',
    [clusterId, epoch],
  );
  return rowCount === 1;
}
