import { ClusterConflictError, type ClusterState, type Volume, type WantedOwner } from '#cluster/api';
import type { Database, Queryable } from '#database';
import { settleNodes } from './billing.ts';
import { type VolumeRow, volumeOf } from './rows.ts';

type NewVolume = Parameters<ClusterState['addVolume']>[0];

/** Compare-and-set on the epoch, for each on its own. Returns the new epoch of those that changed hands. */
export async function assignVolumes(
  client: Queryable,
  clusterId: string,
  wanted: readonly WantedOwner[],
  alsoSettle: readonly string[] = [],
): Promise<ReadonlyMap<string, number>> {
  const assigned = new Map<string, number>();
  const touched = new Set(alsoSettle);
  for (const { volumeId, fromEpoch, nodeId } of wanted) {
    const { rows } = await client.query<{ epoch: string; former: string | null }>(
      `UPDATE volume SET owner_node_id = $4::uuid, epoch = volume.epoch + 1,
         state = CASE WHEN $4::uuid IS NULL THEN 'unassigned' ELSE 'opening' END,
         move_to_node_id = CASE WHEN volume.move_to_node_id = $4::uuid THEN NULL ELSE volume.move_to_node_id END
       FROM (SELECT id, owner_node_id AS former FROM volume WHERE cluster_id = $1 AND id = $2 FOR UPDATE) old
       WHERE volume.id = old.id AND volume.epoch = $3
         AND ($4::uuid IS NULL OR EXISTS (SELECT 1 FROM node WHERE id = $4::uuid AND cluster_id = $1))
       RETURNING volume.epoch, old.former`,
      [clusterId, volumeId, fromEpoch, nodeId],
    );
    if (!rows[0]) continue;
    assigned.set(volumeId, Number(rows[0].epoch));
    if (rows[0].former) touched.add(rows[0].former);
    if (nodeId) touched.add(nodeId);
  }
  await settleNodes(client, [...touched]);
  return assigned;
}

export async function setVolumeState(
  client: Queryable,
  clusterId: string,
  volumeId: string,
  epoch: number,
  state: Volume['state'],
): Promise<boolean> {
  // A volume without an owner has no state but that; letting go of one takes an assignment to nobody.
  const { rowCount } = await client.query(
    `UPDATE volume SET state = $4, served = served OR $4 = 'serving' WHERE cluster_id = $1 AND id = $2 AND epoch = $3
       AND (owner_node_id IS NULL) = ($4 = 'unassigned')`,
    [clusterId, volumeId, epoch, state],
  );
  return rowCount === 1;
}

export async function recordHealth(
  client: Queryable,
  clusterId: string,
  found: Parameters<ClusterState['recordHealth']>[1],
): Promise<void> {
  for (const { volumeId, epoch, writable, storage } of found)
    await client.query(
      `UPDATE volume SET writable = $4, trouble = $5, disk_bytes = $6, disk_free_bytes = $7
       WHERE cluster_id = $1 AND id = $2 AND epoch = $3`,
      [
        ...[clusterId, volumeId, epoch, writable],
        ...[storage?.trouble ?? null, storage?.diskBytes ?? null, storage?.diskFreeBytes ?? null],
      ],
    );
}

export async function addVolume(client: Queryable, clusterId: string, volume: NewVolume): Promise<Volume> {
  const { rows } = await client.query<VolumeRow>(
    `INSERT INTO volume (cluster_id, partner_id, name, mount, volume_class, weight, preferred_node_id, fence)
     SELECT id, partner_id, $2, $3, $4, $5, $6, $7 FROM cluster WHERE id = $1
     ON CONFLICT (cluster_id, name) DO NOTHING RETURNING *`,
    [
      clusterId,
      volume.name,
      JSON.stringify(volume.mount),
      volume.volumeClass,
      volume.weight,
      volume.preferredNodeId,
      volume.fence === null ? null : JSON.stringify(volume.fence),
    ],
  );
  if (!rows[0]) throw new ClusterConflictError(`volume name ${volume.name} is taken, or there is no such cluster`);
  return volumeOf(rows[0]);
}

/** `preferredNodeId: null` takes the preference away, `cold: null` the cold tier; left out, they stay. */
export async function updateVolume(
  database: Database,
  clusterId: string,
  volumeId: string,
  change: Parameters<ClusterState['updateVolume']>[1],
): Promise<void> {
  const { volumeClass, weight, preferredNodeId, cold } = change;
  await database.query(
    `UPDATE volume SET volume_class = coalesce($3, volume_class), weight = coalesce($4, weight),
       preferred_node_id = CASE WHEN $5 THEN $6::uuid ELSE preferred_node_id END,
       cold = CASE WHEN $7 THEN $8::jsonb ELSE cold END
     WHERE cluster_id = $1 AND id = $2`,
    [
      ...[
        clusterId,
        volumeId,
        volumeClass ?? null,
        weight ?? null,
        preferredNodeId !== undefined,
        preferredNodeId ?? null,
      ],
      ...[cold !== undefined, cold ? JSON.stringify(cold) : null],
    ],
  );
}
