import { ClusterConflictError } from '#cluster/api';
import type { Database } from '#database';
import { type Random, RELEASE } from '#stdx';

/** A cluster as the control plane knows it. `key` signs what its hubs and nodes say to each other: never show it. */
export interface ClusterRecord {
  readonly id: string;
  readonly partnerId: string;
  readonly name: string;
  /** Any partner may place domains there; else its owner alone. */
  readonly shared: boolean;
  readonly key: Buffer;
}

const RECORD = 'id, partner_id AS "partnerId", name, shared, key';
/** HMAC-SHA256's own block of security. */
const KEY_BYTES = 32;

/** Makes a cluster that `partnerId` owns and pays for, with a key of its own; for that partner alone unless `shared`. Throws `ClusterConflictError` when the name is taken. */
export async function createCluster(
  database: Database,
  input: { readonly partnerId: string; readonly name: string; readonly shared?: boolean },
  random: Random,
): Promise<ClusterRecord> {
  const [record] = await database.query<ClusterRecord>(
    // Whoever joins a new cluster is as new as who made it.
    `INSERT INTO cluster (partner_id, name, key, shared, feature_level) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (name) DO NOTHING RETURNING ${RECORD}`,
    [input.partnerId, input.name, random.bytes(KEY_BYTES), input.shared ?? false, RELEASE.features.newest],
  );
  if (!record) throw new ClusterConflictError(`cluster name ${input.name} is taken`);
  return record;
}

export async function findCluster(database: Database, idOrName: string): Promise<ClusterRecord | undefined> {
  const [record] = await database.query<ClusterRecord>(
    `SELECT ${RECORD} FROM cluster WHERE id::text = $1 OR name = $1`,
    [idOrName],
  );
  return record;
}

/** By name. `partnerId` limits it to clusters of one owner. */
export async function listClusters(database: Database, partnerId?: string): Promise<readonly ClusterRecord[]> {
  return database.query<ClusterRecord>(
    `SELECT ${RECORD} FROM cluster WHERE $1::uuid IS NULL OR partner_id = $1 ORDER BY name`,
    [partnerId ?? null],
  );
}
