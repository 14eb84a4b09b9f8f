import type {
  ClusterEvent,
  ClusterEventKind,
  ColdTier,
  HubMember,
  MountSpec,
  NodeMember,
  NodeState,
  StorageTrouble,
  Volume,
  VolumeHealth,
  VolumeState,
} from '#cluster/api';
import type { Release } from '#stdx';

/** Rows as the driver gives them: bigint as text, timestamptz as Date. */
interface ReleaseRow {
  readonly version: string;
  readonly protocol_oldest: number;
  readonly protocol_newest: number;
  readonly feature_oldest: number;
  readonly feature_newest: number;
}

export interface HubRow extends ReleaseRow {
  readonly id: string;
  readonly cluster_id: string;
  readonly name: string;
  readonly relay_host: string;
  readonly relay_port: number;
  readonly state: HubMember['state'];
  readonly sessions: number;
  readonly missing: readonly string[];
  readonly tls_not_after: Date | null;
  readonly started_at: Date;
  readonly last_seen_at: Date;
}

export interface NodeRow extends ReleaseRow {
  readonly id: string;
  readonly cluster_id: string;
  readonly name: string;
  readonly control_host: string;
  readonly control_port: number;
  readonly data_host: string;
  readonly data_port: number;
  readonly state: NodeState;
  readonly eligible: boolean;
  readonly weight: number;
  readonly drain: boolean;
  readonly last_seen_at: Date | null;
}

export interface VolumeRow {
  readonly id: string;
  readonly cluster_id: string;
  readonly name: string;
  readonly mount: MountSpec;
  readonly volume_class: string;
  readonly weight: number;
  readonly preferred_node_id: string | null;
  readonly epoch: string;
  readonly owner_node_id: string | null;
  readonly state: VolumeState;
  readonly served: boolean;
  readonly fence: readonly string[] | null;
  readonly cold: ColdTier | null;
  readonly move_to_node_id: string | null;
  readonly writable: boolean;
  readonly trouble: StorageTrouble | null;
  readonly disk_bytes: string | null;
  readonly disk_free_bytes: string | null;
}

export interface EventRow {
  readonly id: string;
  readonly cluster_id: string;
  readonly at: Date;
  readonly kind: ClusterEventKind;
  readonly subject: string;
  readonly detail: Readonly<Record<string, unknown>>;
  readonly duration_ms: number | null;
}

const releaseOf = (row: ReleaseRow): Release => ({
  version: row.version,
  protocol: { oldest: row.protocol_oldest, newest: row.protocol_newest },
  features: { oldest: row.feature_oldest, newest: row.feature_newest },
});

/** Values of the columns a release takes, in the order of `ReleaseRow`. */
export const releaseValues = ({ version, protocol, features }: Release): readonly (string | number)[] => [
  version,
  protocol.oldest,
  protocol.newest,
  features.oldest,
  features.newest,
];

export const hubOf = (row: HubRow): HubMember => ({
  id: row.id,
  clusterId: row.cluster_id,
  name: row.name,
  relay: { host: row.relay_host, port: row.relay_port },
  ...releaseOf(row),
  state: row.state,
  startedAt: row.started_at,
  lastSeenAt: row.last_seen_at,
  sessions: row.sessions,
  tlsNotAfter: row.tls_not_after,
});

export const nodeOf = (row: NodeRow): NodeMember => ({
  id: row.id,
  clusterId: row.cluster_id,
  name: row.name,
  control: { host: row.control_host, port: row.control_port },
  data: { host: row.data_host, port: row.data_port },
  state: row.state,
  eligible: row.eligible,
  weight: row.weight,
  ...releaseOf(row),
  lastSeenAt: row.last_seen_at,
});

export const volumeOf = (row: VolumeRow): Volume => ({
  id: row.id,
  clusterId: row.cluster_id,
  name: row.name,
  mount: row.mount,
  volumeClass: row.volume_class,
  weight: row.weight,
  preferredNodeId: row.preferred_node_id,
  epoch: Number(row.epoch),
  ownerNodeId: row.owner_node_id,
  state: row.state,
  served: row.served,
  fence: row.fence,
  health: healthOf(row),
  cold: row.cold,
});

function healthOf({ writable, trouble, disk_bytes, disk_free_bytes }: VolumeRow): VolumeHealth {
  if (disk_bytes === null || disk_free_bytes === null) return { writable, storage: null };
  return { writable, storage: { trouble, diskBytes: Number(disk_bytes), diskFreeBytes: Number(disk_free_bytes) } };
}

export const eventOf = (row: EventRow): ClusterEvent => ({
  id: Number(row.id),
  clusterId: row.cluster_id,
  at: row.at,
  kind: row.kind,
  subject: row.subject,
  detail: row.detail,
  durationMs: row.duration_ms,
});
