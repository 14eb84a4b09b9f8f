import type { Release } from '#stdx';
import type {
  ClusterEvent,
  ClusterEventKind,
  FailBackPolicy,
  FeatureRaise,
  FillLimits,
  HubMember,
  LeaderLease,
  NodeMember,
  NodeState,
  Volume,
  VolumeHealth,
  VolumeRoute,
  VolumeState,
} from './model.ts';

/** The control plane cannot be asked: temporary. Nobody is promoted meanwhile. */
export class ClusterStateUnavailableError extends Error {
  override readonly name = 'ClusterStateUnavailableError';
}

/** The request contradicts what is there: a name taken, a node that still owns. */
export class ClusterConflictError extends Error {
  override readonly name = 'ClusterConflictError';
}

/** Everything a hub needs to route, judge and (as leader) act, read at one instant. */
export interface ClusterSnapshot {
  /** The control plane's own clock when it was read: ages of `lastSeenAt` are measured against it, never against a hub's clock. */
  readonly at: Date;
  /** The lease, when somebody holds it now. */
  readonly leader: LeaderLease | undefined;
  readonly hubs: readonly HubMember[];
  readonly nodes: readonly NodeMember[];
  readonly volumes: readonly Volume[];
  readonly moves: readonly RequestedMove[];
  /** Nodes an operator wants emptied. */
  readonly drains: readonly string[];
  readonly failBack: FailBackPolicy;
  /** What members may rely on every other member to understand: `Release.features`. Only rises. */
  readonly featureLevel: number;
  readonly featureRaise: FeatureRaise;
  readonly fillLimits: FillLimits;
  /** Hub id → nodes it said with its last heartbeat it cannot reach. A hub that is not named misses none. */
  readonly missing: ReadonlyMap<string, readonly string[]>;
}

export interface RequestedMove {
  readonly volumeId: string;
  readonly toNodeId: string;
}

/** One change of owner a leader wants; `nodeId` null leaves the volume without one. */
export interface WantedOwner {
  readonly volumeId: string;
  /** The epoch the decision was made on. */
  readonly fromEpoch: number;
  readonly nodeId: string | null;
}

/** One cluster's state in the control plane. Every write of a leader names its epoch and is refused (`false`) when it no longer leads. */
export interface ClusterState {
  readonly clusterId: string;

  /** Takes the lease if free, expired or already this holder's at `epoch`: compare-and-set, never unconditional. */
  acquireLeadership(hubId: string, ttlMs: number): Promise<LeaderLease | undefined>;
  /** Compare-and-set on (holder, epoch) and not yet expired; `undefined` when lost. */
  renewLeadership(hubId: string, epoch: number, ttlMs: number): Promise<LeaderLease | undefined>;
  /** Gives it up at once (clean stop). */
  resignLeadership(hubId: string, epoch: number): Promise<void>;
  readLeadership(): Promise<LeaderLease | undefined>;

  snapshot(): Promise<ClusterSnapshot>;
  routes(): Promise<readonly VolumeRoute[]>;

  /** A hub says it lives. Upserts. Opens its hub-hours interval when it was not up. */
  heartbeatHub(
    hub: Pick<HubMember, 'id' | 'name' | 'relay' | 'sessions' | keyof Release> & {
      /** Nodes it cannot reach now. Others read it before they declare a node down. Default none. */
      readonly missing?: readonly string[];
      /** Default: it does not say. */
      readonly tlsNotAfter?: Date | null;
    },
  ): Promise<void>;
  /** By the leader; closes the hub-hours interval. */
  markHubDown(leaderEpoch: number, hubId: string): Promise<boolean>;
  /** A hub says that it ends. */
  stopHub(hubId: string): Promise<void>;
  /** An operator takes it out: its hub-hours end, it leads no more, and its certificates count no more. */
  removeHub(hubId: string): Promise<void>;
  /**
   * By the leader. Role changes close and open node-hours intervals in the same transaction. Between `active` and
   * `standby` ownership decides, whichever of the two is said: a node that owns a volume is active.
   */
  setNodeState(leaderEpoch: number, nodeId: string, state: NodeState, release?: Release): Promise<boolean>;

  /** By the leader: volume (at `fromEpoch`) goes to `nodeId` (or nobody) with epoch + 1. Returns the new epoch, `undefined` when either epoch is not current. */
  assignVolume(
    leaderEpoch: number,
    volumeId: string,
    fromEpoch: number,
    nodeId: string | null,
  ): Promise<number | undefined>;
  /**
   * By the leader, at one instant: the node is down, or stopped, and its volumes go where `wanted` says. Returns the new epoch of each
   * volume that changed hands (one whose epoch has moved on is left alone); `undefined` when it no longer leads.
   */
  declareDown(
    leaderEpoch: number,
    nodeId: string,
    wanted: readonly WantedOwner[],
    state: 'down' | 'stopped',
  ): Promise<ReadonlyMap<string, number> | undefined>;
  /** By the leader, now and then: these nodes answered. Moves `lastSeenAt` and nothing else. */
  recordSeen(leaderEpoch: number, nodeIds: readonly string[]): Promise<boolean>;
  /** By the leader: the owner at `epoch` serves, failed or let go. */
  setVolumeState(leaderEpoch: number, volumeId: string, epoch: number, state: VolumeState): Promise<boolean>;

  /** By the leader: what the owners at these epochs say of their storage. */
  recordHealth(
    leaderEpoch: number,
    found: readonly ({ readonly volumeId: string; readonly epoch: number } & VolumeHealth)[],
  ): Promise<boolean>;

  /** A node of that name that is there already keeps its id and gets the new endpoints: the same machine set up again. */
  addNode(node: Pick<NodeMember, 'name' | 'control' | 'data' | 'weight' | 'eligible'>): Promise<NodeMember>;
  /** Throws `ClusterConflictError` while it owns a volume. */
  removeNode(nodeId: string): Promise<void>;
  /** What an operator thinks of a node. An unknown id changes nothing. */
  updateNode(nodeId: string, change: Partial<Pick<NodeMember, 'weight' | 'eligible'>>): Promise<void>;
  /** Throws `ClusterConflictError` when the name is taken. */
  addVolume(
    volume: Pick<Volume, 'name' | 'mount' | 'volumeClass' | 'weight' | 'preferredNodeId' | 'fence'>,
  ): Promise<Volume>;
  /** What an operator thinks of a volume. An unknown id changes nothing. */
  updateVolume(
    volumeId: string,
    change: Partial<Pick<Volume, 'volumeClass' | 'weight' | 'preferredNodeId' | 'cold'>>,
  ): Promise<void>;
  setFailBack(policy: FailBackPolicy): Promise<void>;
  setFillLimits(limits: FillLimits): Promise<void>;
  setFeatureRaise(how: FeatureRaise): Promise<void>;
  /**
   * Lets the cluster use what releases know from `level` on; there is no way back. Returns the names of members that do not
   * know it, and changes nothing while there are any. Nodes never seen do not count: they are looked at when they come.
   */
  raiseFeatureLevel(level: number): Promise<readonly string[]>;
  /** An operator's wish; the leader carries it out, and it is gone once assigned. `null` clears it. */
  requestMove(volumeId: string, toNodeId: string | null): Promise<void>;
  requestedMoves(): Promise<readonly RequestedMove[]>;
  requestDrain(nodeId: string, drain: boolean): Promise<void>;
  drains(): Promise<readonly string[]>;

  recordEvent(
    kind: ClusterEventKind,
    subject: string,
    detail: Readonly<Record<string, unknown>>,
    durationMs?: number,
  ): Promise<void>;
  events(input: { readonly limit: number; readonly after?: number }): Promise<readonly ClusterEvent[]>;

  /** Something about routes, members or requests changed (LISTEN/NOTIFY); read again. Returns the unsubscribe. */
  watch(listener: () => void): () => void;
}
