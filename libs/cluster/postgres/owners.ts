import type { Endpoint } from '#cluster/api';
import type { Database } from '#database';

/** Who serves a volume now, and how to ask it. */
export interface VolumeOwner {
  readonly clusterId: string;
  /** Signs what is asked: never show it. */
  readonly clusterKey: Buffer;
  readonly nodeId: string;
  readonly data: Endpoint;
  readonly epoch: number;
}

interface OwnerRow {
  readonly id: string;
  readonly cluster_id: string;
  readonly key: Buffer;
  readonly node_id: string;
  readonly data_host: string;
  readonly data_port: number;
  readonly epoch: string;
}

/** The nodes that serve the volumes, by volume id; volumes that nobody serves now are absent. */
export async function findVolumeOwners(
  database: Database,
  volumeIds: readonly string[],
): Promise<ReadonlyMap<string, VolumeOwner>> {
  const rows = await database.query<OwnerRow>(
    `SELECT v.id, v.cluster_id, c.key, n.id AS node_id, n.data_host, n.data_port, v.epoch
     FROM volume v JOIN cluster c ON c.id = v.cluster_id JOIN node n ON n.id = v.owner_node_id
     WHERE v.id = ANY($1::uuid[]) AND v.state = 'serving'`,
    [volumeIds],
  );
  return new Map(
    rows.map((row) => [
      row.id,
      {
        clusterId: row.cluster_id,
        clusterKey: row.key,
        nodeId: row.node_id,
        data: { host: row.data_host, port: row.data_port },
        epoch: Number(row.epoch),
      },
    ]),
  );
}
