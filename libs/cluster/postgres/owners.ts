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
  readonly cluster_id: string;
  readonly key: Buffer;
  readonly node_id: string;
  readonly data_host: string;
  readonly data_port: number;
  readonly epoch: string;
}

/** The node that serves the volume, by key; `undefined` while nobody does. */
export async function findVolumeOwner(database: Database, volumeId: string): Promise<VolumeOwner | undefined> {
  const [row] = await database.query<OwnerRow>(
    `SELECT v.cluster_id, c.key, n.id AS node_id, n.data_host, n.data_port, v.epoch
     FROM volume v JOIN cluster c ON c.id = v.cluster_id JOIN node n ON n.id = v.owner_node_id
     WHERE v.id = $1 AND v.state = 'serving'`,
    [volumeId],
  );
  return (
    row && {
      clusterId: row.cluster_id,
      clusterKey: row.key,
      nodeId: row.node_id,
      data: { host: row.data_host, port: row.data_port },
      epoch: Number(row.epoch),
    }
  );
}
