import {
  type ClusterSnapshot,
  DEFAULT_FAIL_BACK,
  DEFAULT_FEATURE_RAISE,
  DEFAULT_FILL_LIMITS,
  type FailBackPolicy,
  type FeatureRaise,
  type FillLimits,
} from '#cluster/api';
import type { Queryable } from '#database';
import { readLease } from './leadership.ts';
import { type HubRow, hubOf, type NodeRow, nodeOf, type VolumeRow, volumeOf } from './rows.ts';

/** Reads everything at one instant: call it in a repeatable-read transaction. */
export async function readSnapshot(client: Queryable, clusterId: string): Promise<ClusterSnapshot> {
  const select = async <Row extends object>(sql: string): Promise<Row[]> =>
    (await client.query<Row>(sql, [clusterId])).rows;
  const volumes = await select<VolumeRow>('SELECT * FROM volume WHERE cluster_id = $1 ORDER BY name, id');
  const nodes = await select<NodeRow>('SELECT * FROM node WHERE cluster_id = $1 ORDER BY name, id');
  const hubs = await select<HubRow>('SELECT * FROM hub WHERE cluster_id = $1 ORDER BY name, id');
  const leader = await readLease(client, clusterId);
  const [own] = await select<FailBackPolicy & FillLimits & { readonly level: number; readonly raise: FeatureRaise }>(
    `SELECT fail_back AS mode, fail_back_after_ms AS "afterMs", feature_level AS level, feature_raise AS raise,
       volume_warn_percent AS "warnPercent", volume_full_percent AS "fullPercent"
     FROM cluster WHERE id = $1`,
  );
  const { rows } = await client.query<{ at: Date }>('SELECT clock_timestamp() AS at');
  return {
    at: rows[0]!.at,
    leader,
    hubs: hubs.map(hubOf),
    nodes: nodes.map(nodeOf),
    volumes: volumes.map(volumeOf),
    moves: volumes.flatMap((row) =>
      row.move_to_node_id === null ? [] : [{ volumeId: row.id, toNodeId: row.move_to_node_id }],
    ),
    failBack: own ? { mode: own.mode, afterMs: own.afterMs } : DEFAULT_FAIL_BACK,
    featureLevel: own?.level ?? 1,
    fillLimits: own ? { warnPercent: own.warnPercent, fullPercent: own.fullPercent } : DEFAULT_FILL_LIMITS,
    featureRaise: own?.raise ?? DEFAULT_FEATURE_RAISE,
    drains: nodes.filter((row) => row.drain).map((row) => row.id),
    missing: new Map(hubs.filter((row) => row.missing.length > 0).map((row) => [row.id, row.missing])),
  };
}
