import { createHash } from 'node:crypto';
import { ClusterConflictError } from '#cluster/api';
import type { Database } from '#database';
import type { Random } from '#stdx';

export interface JoinTokenRecord {
  readonly id: string;
  readonly role: 'hub' | 'node';
  /** The member it is for; any new one when null. */
  readonly memberName: string | null;
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly usedAt: Date | null;
}

const RECORD = `id, role, member_name AS "memberName", created_by AS "createdBy", created_at AS "createdAt",
  expires_at AS "expiresAt", used_at AS "usedAt"`;
const SECRET_BYTES = 32;
/** Tokens shown at once. */
const LIST_MAX = 1_000;

/** The secret has 256 bits, so that a plain hash is enough to keep it. */
export const joinSecretHash = (secret: string): Buffer => createHash('sha256').update(secret).digest();

/** The secret is told this once. Throws `ClusterConflictError` when there is no such cluster. */
export async function createJoinToken(
  database: Database,
  clusterId: string,
  input: {
    readonly role: 'hub' | 'node';
    readonly memberName: string | null;
    readonly createdBy: string;
    readonly lifeMs: number;
  },
  random: Random,
): Promise<{ readonly record: JoinTokenRecord; readonly secret: string }> {
  const secret = random.bytes(SECRET_BYTES).toString('base64url');
  const [record] = await database.query<JoinTokenRecord>(
    `INSERT INTO join_token (cluster_id, partner_id, role, member_name, secret_hash, created_by, expires_at)
     SELECT id, partner_id, $2, $3, $4, $5, clock_timestamp() + $6 * interval '1 ms' FROM cluster WHERE id = $1
     RETURNING ${RECORD}`,
    [clusterId, input.role, input.memberName, joinSecretHash(secret), input.createdBy, input.lifeMs],
  );
  if (!record) throw new ClusterConflictError(`no cluster ${clusterId}`);
  return { record, secret };
}

/** Newest first, used and expired ones too. */
export async function listJoinTokens(database: Database, clusterId: string): Promise<readonly JoinTokenRecord[]> {
  return database.query<JoinTokenRecord>(
    `SELECT ${RECORD} FROM join_token WHERE cluster_id = $1 ORDER BY created_at DESC, id LIMIT ${LIST_MAX}`,
    [clusterId],
  );
}

/** Whether there was such a token. */
export async function deleteJoinToken(database: Database, clusterId: string, id: string): Promise<boolean> {
  const rows = await database.query('DELETE FROM join_token WHERE cluster_id = $1 AND id = $2 RETURNING id', [
    clusterId,
    id,
  ]);
  return rows.length > 0;
}

/** Clusters that may be joined now, with how long their last token still runs. */
export async function openClusters(
  database: Database,
): Promise<readonly { readonly clusterId: string; readonly remainingMs: number }[]> {
  return database.query(
    `SELECT cluster_id AS "clusterId", extract(epoch FROM max(expires_at) - clock_timestamp())::float8 * 1000 AS "remainingMs"
     FROM join_token WHERE used_at IS NULL AND expires_at > clock_timestamp() GROUP BY cluster_id`,
  );
}
