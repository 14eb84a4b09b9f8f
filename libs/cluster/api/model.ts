import type { Release } from '#stdx';

/** Every duration is milliseconds. `stopped`: it said that it ends, and did; `down`: it is gone without a word. */
export type NodeState = 'active' | 'standby' | 'draining' | 'down' | 'stopped' | 'fenced';
/** `unassigned`: has no owner. `opening`: assigned, owner not yet serving. `serving`: owner confirmed. */
export type VolumeState = 'unassigned' | 'opening' | 'serving' | 'failed';

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** What a member is that has not said what it is: none, or a release from before there were numbers. */
export const RELEASE_UNKNOWN: Release = {
  version: '',
  protocol: { oldest: 2, newest: 2 },
  features: { oldest: 1, newest: 1 },
};

/** With the release it last said it is. */
export interface HubMember extends Release {
  readonly id: string;
  readonly clusterId: string;
  readonly name: string;
  /** Where nodes and other hubs reach its internal LMTP relay. */
  readonly relay: Endpoint;
  /** `stopped`: it said that it ends. */
  readonly state: 'up' | 'down' | 'stopped';
  readonly startedAt: Date;
  readonly lastSeenAt: Date;
  readonly sessions: number;
  /** When the certificate ends that it shows to clients; `null` while it has not said. */
  readonly tlsNotAfter: Date | null;
}

/** With the release it last said it is. */
export interface NodeMember extends Release {
  readonly id: string;
  readonly clusterId: string;
  readonly name: string;
  /** Control connection: probes, assignments, leases. */
  readonly control: Endpoint;
  /** Data connections: one session each, opened with a signed hand-over. */
  readonly data: Endpoint;
  readonly state: NodeState;
  /** May be given volumes when it owns none. */
  readonly eligible: boolean;
  readonly weight: number;
  readonly lastSeenAt: Date | null;
}

export interface MountSpec {
  readonly driver: 'local' | 'nfs' | 'smb' | 'cifs' | 'glusterfs' | 'ceph' | 'block' | 'command';
  /** Where the volume's directory is, once mounted. */
  readonly path: string;
  /** Driver arguments, never a shell string. */
  readonly args: readonly string[];
}

/** When a volume goes back to its preferred node by itself: never, or once that has been well for so long. */
export interface FailBackPolicy {
  readonly mode: 'auto' | 'manual';
  readonly afterMs: number;
}

/** By hand, as Windows Server Failover Clustering has it: a node that came back may fail again, and each change of hands is one. */
export const DEFAULT_FAIL_BACK: FailBackPolicy = { mode: 'manual', afterMs: 60_000 };

/** How a cluster's feature level rises once every member knows the next: by itself, or when an operator says so. */
export type FeatureRaise = 'auto' | 'manual';

/** By hand, as etcd and Kafka have it for what cannot be taken back: until then every member can go back to its former release. */
export const DEFAULT_FEATURE_RAISE: FeatureRaise = 'manual';

/** Why a volume's storage takes no writes. */
export type StorageTrouble = 'readOnly' | 'full';

/** The file system under a volume, as its owner finds it. */
export interface StorageState {
  readonly diskBytes: number;
  /** For us: what the system keeps for itself left out. */
  readonly diskFreeBytes: number;
  readonly trouble: StorageTrouble | null;
}

/** How a volume's storage was when its owner last said so. */
export interface VolumeHealth {
  readonly writable: boolean;
  /** `null` before an owner that looks has said. */
  readonly storage: StorageState | null;
}

export const HEALTH_UNKNOWN: VolumeHealth = { writable: true, storage: null };

/** From which share of the disk on a volume is nearly full, and full; percent. */
export interface FillLimits {
  readonly warnPercent: number;
  readonly fullPercent: number;
}

/** 90 leaves days to act at usual growth; at 97 ext4 and XFS begin to slow down and the reserve is soon all there is. */
export const DEFAULT_FILL_LIMITS: FillLimits = { warnPercent: 90, fullPercent: 97 };

/** Where a volume's old mail is. Credentials are named, never here: each node has them in its own settings. */
export type ColdPlace =
  | { readonly kind: 'directory'; readonly path: string }
  | {
      readonly kind: 's3';
      readonly endpoint: string;
      readonly region: string;
      readonly bucket: string;
      readonly prefix: string;
      /** `endpoint/bucket/object` rather than `bucket.endpoint/object`. */
      readonly pathStyle: boolean;
      readonly credentials: string;
    };

/** Cold storage of a volume, and which mail goes there: what is as old and as large as any of the rules says. */
export interface ColdTier {
  readonly place: ColdPlace;
  readonly rules: readonly { readonly afterMs: number; readonly minBytes: number }[];
}

export interface Volume {
  readonly id: string;
  readonly clusterId: string;
  readonly name: string;
  readonly mount: MountSpec;
  readonly volumeClass: string;
  readonly weight: number;
  readonly preferredNodeId: string | null;
  /** Grows by one with every change of owner. */
  readonly epoch: number;
  readonly ownerNodeId: string | null;
  readonly state: VolumeState;
  /** It has served once. Until then an empty directory may be made the volume; after that it is a mount that failed. */
  readonly served: boolean;
  /** Executable and arguments run on the new owner when the lock is still held at the deadline. */
  readonly fence: readonly string[] | null;
  readonly health: VolumeHealth;
  /** Its tier of old mail; `null`: it has none. */
  readonly cold: ColdTier | null;
}

/** One row of the routing map. Hubs route only to `serving` volumes; others wait. */
export interface VolumeRoute {
  readonly volumeId: string;
  readonly epoch: number;
  readonly ownerNodeId: string | null;
  readonly state: VolumeState;
}

/** Leadership: one row a cluster, all times the database's own. */
export interface LeaderLease {
  readonly holderHubId: string;
  /** Grows with every change of holder. */
  readonly epoch: number;
  /** Milliseconds left when it was read or granted; measure from the moment the request was sent. */
  readonly remainingMs: number;
}

export type ClusterEventKind =
  | 'leaderElected'
  | 'leaderLost'
  | 'hubUp'
  | 'hubDown'
  | 'hubStopped'
  | 'nodeUp'
  | 'nodeDown'
  | 'nodeStopped'
  | 'memberRefused'
  | 'featureLevelRaised'
  | 'nodeDraining'
  | 'nodeDrained'
  | 'nodeFenced'
  | 'volumeAssigned'
  | 'volumeMounted'
  | 'volumeLocked'
  | 'volumeOpened'
  | 'volumeServing'
  | 'volumeReleased'
  | 'volumeFailed'
  | 'takeoverDone'
  | 'takeoverFailed'
  | 'switchoverDone'
  | 'accountMoved'
  | 'memberJoined'
  | 'certificateRenewed'
  | 'certificateExpiring'
  | 'certificateExpired';

export interface ClusterEvent {
  readonly id: number;
  readonly clusterId: string;
  readonly at: Date;
  readonly kind: ClusterEventKind;
  /** Hub, node or volume id it is about. */
  readonly subject: string;
  readonly detail: Readonly<Record<string, unknown>>;
  /** How long the step took, when it is one. */
  readonly durationMs: number | null;
}

/** What a cluster's timing is made of (CLUSTER.md's defaults). */
export interface ClusterTiming {
  /** Life of the leader lease. 3,000. */
  readonly leaderTtlMs: number;
  /** 1,000. */
  readonly leaderRenewMs: number;
  /** 500. */
  readonly probeIntervalMs: number;
  /** Probes missed before a silent node is suspected. 3. */
  readonly probesMissedMax: number;
  /** Life of an owner's lease. 3,000. */
  readonly ownerLeaseMs: number;
  /** How long a new owner waits for the storage lock before it fences. 5,000. */
  readonly lockWaitMs: number;
}

export const DEFAULT_TIMING: ClusterTiming = {
  leaderTtlMs: 3_000,
  leaderRenewMs: 1_000,
  probeIntervalMs: 500,
  probesMissedMax: 3,
  ownerLeaseMs: 3_000,
  lockWaitMs: 5_000,
};
