import type {
  ClusterEvent,
  ClusterEventKind,
  HubMember,
  LeaderLease,
  NodeMember,
  NodeState,
  Volume,
  VolumeRoute,
  VolumeState,
} from './model.ts';

/** The control plane cannot be asked: temporary. Nobody is promoted meanwhile. */
export class ClusterStateUnavailableError extends Error {
  override readonly name = 'ClusterStateUnavailableError';
}

export interface ClusterSnapshot {
  readonly hubs: readonly HubMember[];
  readonly nodes: readonly NodeMember[];
  readonly volumes: readonly Volume[];
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
  heartbeatHub(hub: Pick<HubMember, 'id' | 'name' | 'relay' | 'version' | 'sessions'>): Promise<void>;
  /** By the leader; closes the hub-hours interval. */
  markHubDown(leaderEpoch: number, hubId: string): Promise<boolean>;
  stopHub(hubId: string): Promise<void>;
  /** By the leader. Role changes close and open node-hours intervals in the same transaction. */
  setNodeState(leaderEpoch: number, nodeId: string, state: NodeState, version?: string): Promise<boolean>;

  /** By the leader: volume (at `fromEpoch`) goes to `nodeId` (or nobody) with epoch + 1. Returns the new epoch, `undefined` when either epoch is not current. */
  assignVolume(
    leaderEpoch: number,
    volumeId: string,
    fromEpoch: number,
    nodeId: string | null,
  ): Promise<number | undefined>;
  /** By the leader: the owner at `epoch` serves, failed or let go. */
  setVolumeState(leaderEpoch: number, volumeId: string, epoch: number, state: VolumeState): Promise<boolean>;

  addNode(node: Pick<NodeMember, 'name' | 'control' | 'data' | 'weight' | 'eligible'>): Promise<NodeMember>;
  removeNode(nodeId: string): Promise<void>;
  setNodeEligible(nodeId: string, eligible: boolean): Promise<void>;
  addVolume(
    volume: Pick<Volume, 'name' | 'mount' | 'volumeClass' | 'weight' | 'preferredNodeId' | 'fence'>,
  ): Promise<Volume>;
  /** An operator's wish; the leader carries it out. `null` clears it. */
  requestMove(volumeId: string, toNodeId: string | null): Promise<void>;
  requestedMoves(): Promise<readonly { readonly volumeId: string; readonly toNodeId: string }[]>;
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
