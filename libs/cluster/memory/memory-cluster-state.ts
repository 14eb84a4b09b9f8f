import {
  ClusterConflictError,
  type ClusterEvent,
  type ClusterEventKind,
  type ClusterSnapshot,
  type ClusterState,
  DEFAULT_FAIL_BACK,
  DEFAULT_FEATURE_RAISE,
  DEFAULT_FILL_LIMITS,
  type FailBackPolicy,
  type FeatureRaise,
  type FillLimits,
  HEALTH_UNKNOWN,
  type HubMember,
  type LeaderLease,
  type NodeMember,
  type NodeState,
  RELEASE_UNKNOWN,
  type RequestedMove,
  settledState,
  type Volume,
  type VolumeRoute,
  type VolumeState,
  type WantedOwner,
} from '#cluster/api';
import type { UsageEvent } from '#metering';
import { type Clock, type Random, RELEASE, type Release, releaseOf } from '#stdx';
import { MemoryEvents } from './events.ts';
import { MemoryLease } from './lease.ts';
import { RoleLedger } from './role-ledger.ts';

/** One cluster's state in this process: for tests, and for the simulator's control plane. Its clock is the given one. */
export class MemoryClusterState implements ClusterState {
  private readonly lease: MemoryLease;
  private readonly hubs = new Map<string, HubMember>();
  private readonly missing = new Map<string, readonly string[]>();
  private readonly nodes = new Map<string, NodeMember>();
  private readonly volumes = new Map<string, Volume>();
  private readonly moves = new Map<string, string>();
  private readonly draining = new Set<string>();
  private readonly listeners = new Set<() => void>();
  private readonly log = new MemoryEvents();
  private readonly ledger: RoleLedger;
  private failBack: FailBackPolicy = DEFAULT_FAIL_BACK;
  private featureLevel = RELEASE.features.newest;
  private featureRaise: FeatureRaise = DEFAULT_FEATURE_RAISE;
  private fillLimits: FillLimits = DEFAULT_FILL_LIMITS;

  constructor(
    readonly clusterId: string,
    partnerId: string,
    private readonly clock: Clock,
    private readonly random: Random,
  ) {
    this.ledger = new RoleLedger(partnerId);
    this.lease = new MemoryLease(clock);
  }

  /** Every usage event emitted so far: what the outbox holds in PostgreSQL. */
  usage(): readonly UsageEvent[] {
    return this.ledger.events;
  }

  async acquireLeadership(hubId: string, ttlMs: number): Promise<LeaderLease | undefined> {
    const taken = this.lease.acquire(hubId, ttlMs);
    if (taken) this.announce();
    return taken;
  }

  async renewLeadership(hubId: string, epoch: number, ttlMs: number): Promise<LeaderLease | undefined> {
    return this.lease.renew(hubId, epoch, ttlMs);
  }

  async resignLeadership(hubId: string, epoch: number): Promise<void> {
    if (this.lease.resign(hubId, epoch)) this.announce();
  }

  async readLeadership(): Promise<LeaderLease | undefined> {
    return this.lease.held();
  }

  async snapshot(): Promise<ClusterSnapshot> {
    return {
      at: this.date(),
      leader: this.lease.held(),
      hubs: [...this.hubs.values()],
      nodes: [...this.nodes.values()],
      volumes: [...this.volumes.values()],
      moves: await this.requestedMoves(),
      drains: [...this.draining],
      failBack: this.failBack,
      featureLevel: this.featureLevel,
      featureRaise: this.featureRaise,
      fillLimits: this.fillLimits,
      missing: new Map(this.missing),
    };
  }

  async routes(): Promise<readonly VolumeRoute[]> {
    return [...this.volumes.values()].map(({ id, epoch, ownerNodeId, state }) => ({
      volumeId: id,
      epoch,
      ownerNodeId,
      state,
    }));
  }

  async heartbeatHub(hub: Parameters<ClusterState['heartbeatHub']>[0]): Promise<void> {
    for (const other of this.hubs.values()) {
      if (other.name !== hub.name || other.id === hub.id) continue;
      this.takeHubDown(other.id);
      this.hubs.delete(other.id);
    }
    const known = this.hubs.get(hub.id);
    const wasUp = known?.state === 'up';
    this.hubs.set(hub.id, {
      id: hub.id,
      clusterId: this.clusterId,
      name: hub.name,
      relay: hub.relay,
      ...releaseOf(hub),
      sessions: hub.sessions,
      tlsNotAfter: hub.tlsNotAfter ?? null,
      state: 'up',
      startedAt: known && wasUp ? known.startedAt : this.date(),
      lastSeenAt: this.date(),
    });
    const before = this.missing.get(hub.id) ?? [];
    const now = hub.missing ?? [];
    if (now.length > 0) this.missing.set(hub.id, now);
    else this.missing.delete(hub.id);
    if (!wasUp) this.ledger.move(hub.id, 'hub', this.clock.now());
    if (!wasUp || before.join() !== now.join()) this.announce();
  }

  async markHubDown(leaderEpoch: number, hubId: string): Promise<boolean> {
    return this.leads(leaderEpoch) && this.takeHubDown(hubId);
  }

  async removeHub(hubId: string): Promise<void> {
    this.takeHubDown(hubId);
    this.lease.take(hubId);
    this.hubs.delete(hubId);
    this.announce();
  }

  async stopHub(hubId: string): Promise<void> {
    this.takeHubDown(hubId, 'stopped');
  }

  async setNodeState(leaderEpoch: number, nodeId: string, state: NodeState, release?: Release): Promise<boolean> {
    const node = this.nodes.get(nodeId);
    if (!this.leads(leaderEpoch) || !node) return false;
    this.nodes.set(nodeId, {
      ...node,
      state,
      ...releaseOf(release ?? node),
      lastSeenAt: state === 'down' || state === 'stopped' ? node.lastSeenAt : this.date(),
    });
    this.settle([nodeId]);
    this.announce();
    return true;
  }

  async assignVolume(
    leaderEpoch: number,
    volumeId: string,
    fromEpoch: number,
    nodeId: string | null,
  ): Promise<number | undefined> {
    if (!this.leads(leaderEpoch)) return undefined;
    return this.assign([{ volumeId, fromEpoch, nodeId }]).get(volumeId);
  }

  async declareDown(
    leaderEpoch: number,
    nodeId: string,
    wanted: readonly WantedOwner[],
    state: 'down' | 'stopped',
  ): Promise<ReadonlyMap<string, number> | undefined> {
    if (!this.leads(leaderEpoch)) return undefined;
    const node = this.nodes.get(nodeId);
    if (node) this.nodes.set(nodeId, { ...node, state });
    return this.assign(wanted, [nodeId]);
  }

  async recordSeen(leaderEpoch: number, nodeIds: readonly string[]): Promise<boolean> {
    if (!this.leads(leaderEpoch)) return false;
    for (const id of nodeIds) {
      const node = this.nodes.get(id);
      if (node) this.nodes.set(id, { ...node, lastSeenAt: this.date() });
    }
    return true;
  }

  async setVolumeState(leaderEpoch: number, volumeId: string, epoch: number, state: VolumeState): Promise<boolean> {
    const volume = this.volumes.get(volumeId);
    if (!this.leads(leaderEpoch) || volume?.epoch !== epoch) return false;
    if ((volume.ownerNodeId === null) !== (state === 'unassigned')) return false;
    this.volumes.set(volumeId, { ...volume, state, served: volume.served || state === 'serving' });
    this.announce();
    return true;
  }

  async recordHealth(leaderEpoch: number, found: Parameters<ClusterState['recordHealth']>[1]): Promise<boolean> {
    if (!this.leads(leaderEpoch)) return false;
    for (const { volumeId, epoch, writable, storage } of found) {
      const volume = this.volumes.get(volumeId);
      if (volume?.epoch === epoch) this.volumes.set(volumeId, { ...volume, health: { writable, storage } });
    }
    return true;
  }

  async addNode(node: Parameters<ClusterState['addNode']>[0]): Promise<NodeMember> {
    const known = [...this.nodes.values()].find(({ name }) => name === node.name);
    const id = known?.id ?? this.random.uuid();
    const member: NodeMember = {
      id,
      clusterId: this.clusterId,
      state: known?.state ?? 'down',
      ...releaseOf(known ?? RELEASE_UNKNOWN),
      lastSeenAt: known?.lastSeenAt ?? null,
      name: node.name,
      control: node.control,
      data: node.data,
      weight: node.weight,
      eligible: node.eligible,
    };
    this.nodes.set(id, member);
    this.announce();
    return member;
  }

  async removeNode(nodeId: string): Promise<void> {
    if (this.owned(nodeId) > 0) throw new ClusterConflictError(`node ${nodeId} still owns a volume`);
    this.ledger.move(nodeId, null, this.clock.now());
    this.nodes.delete(nodeId);
    this.draining.delete(nodeId);
    for (const volume of this.volumes.values()) {
      if (volume.preferredNodeId === nodeId) this.volumes.set(volume.id, { ...volume, preferredNodeId: null });
      if (this.moves.get(volume.id) === nodeId) this.moves.delete(volume.id);
    }
    this.announce();
  }

  async updateNode(nodeId: string, change: Parameters<ClusterState['updateNode']>[1]): Promise<void> {
    const node = this.nodes.get(nodeId);
    if (node) this.nodes.set(nodeId, { ...node, ...change });
    this.announce();
  }

  async updateVolume(volumeId: string, change: Parameters<ClusterState['updateVolume']>[1]): Promise<void> {
    const volume = this.volumes.get(volumeId);
    if (volume) this.volumes.set(volumeId, { ...volume, ...change });
    this.announce();
  }

  async setFailBack(policy: FailBackPolicy): Promise<void> {
    this.failBack = policy;
    this.announce();
  }

  async setFillLimits(limits: FillLimits): Promise<void> {
    this.fillLimits = limits;
  }

  async setFeatureRaise(how: FeatureRaise): Promise<void> {
    this.featureRaise = how;
  }

  async raiseFeatureLevel(level: number): Promise<readonly string[]> {
    const seen = [...this.nodes.values()].filter(({ lastSeenAt }) => lastSeenAt !== null);
    const behind = [...this.hubs.values(), ...seen].filter(({ features }) => features.newest < level);
    if (behind.length > 0) return behind.map(({ name }) => name).sort();
    if (level > this.featureLevel) {
      await this.recordEvent('featureLevelRaised', this.clusterId, { from: this.featureLevel, to: level });
      this.featureLevel = level;
      this.announce();
    }
    return [];
  }

  async addVolume(volume: Parameters<ClusterState['addVolume']>[0]): Promise<Volume> {
    const { name, mount, volumeClass, weight, preferredNodeId, fence } = volume;
    if ([...this.volumes.values()].some((each) => each.name === name))
      throw new ClusterConflictError(`volume name ${name} is taken`);
    const added: Volume = {
      id: this.random.uuid(),
      clusterId: this.clusterId,
      epoch: 0,
      ownerNodeId: null,
      state: 'unassigned',
      served: false,
      ...{ name, mount, volumeClass, weight, preferredNodeId, fence },
      health: HEALTH_UNKNOWN,
      cold: null,
    };
    this.volumes.set(added.id, added);
    this.announce();
    return added;
  }

  async requestMove(volumeId: string, toNodeId: string | null): Promise<void> {
    if (toNodeId === null) this.moves.delete(volumeId);
    else if (this.volumes.has(volumeId)) this.moves.set(volumeId, toNodeId);
    this.announce();
  }

  async requestedMoves(): Promise<readonly RequestedMove[]> {
    return [...this.moves].map(([volumeId, toNodeId]) => ({ volumeId, toNodeId }));
  }

  async requestDrain(nodeId: string, drain: boolean): Promise<void> {
    if (drain && this.nodes.has(nodeId)) this.draining.add(nodeId);
    else this.draining.delete(nodeId);
    this.announce();
  }

  async drains(): Promise<readonly string[]> {
    return [...this.draining];
  }

  async recordEvent(
    kind: ClusterEventKind,
    subject: string,
    detail: Readonly<Record<string, unknown>>,
    durationMs?: number,
  ): Promise<void> {
    this.log.add({ clusterId: this.clusterId, at: this.date(), kind, subject, detail, durationMs: durationMs ?? null });
  }

  async events(input: { readonly limit: number; readonly after?: number }): Promise<readonly ClusterEvent[]> {
    return this.log.read(input);
  }

  watch(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private assign(wanted: readonly WantedOwner[], alsoSettle: readonly string[] = []): Map<string, number> {
    const assigned = new Map<string, number>();
    const touched = new Set(alsoSettle);
    for (const { volumeId, fromEpoch, nodeId } of wanted) {
      const volume = this.volumes.get(volumeId);
      if (volume?.epoch !== fromEpoch || (nodeId !== null && !this.nodes.has(nodeId))) continue;
      const epoch = volume.epoch + 1;
      const state = nodeId === null ? 'unassigned' : 'opening';
      this.volumes.set(volumeId, { ...volume, epoch, ownerNodeId: nodeId, state });
      if (this.moves.get(volumeId) === nodeId) this.moves.delete(volumeId);
      assigned.set(volumeId, epoch);
      if (volume.ownerNodeId) touched.add(volume.ownerNodeId);
      if (nodeId) touched.add(nodeId);
    }
    this.settle([...touched]);
    this.announce();
    return assigned;
  }

  private settle(nodeIds: readonly string[]): void {
    const at = this.clock.now();
    for (const id of nodeIds) {
      const node = this.nodes.get(id);
      if (!node) continue;
      const owned = this.owned(id);
      const state = settledState(node.state, owned);
      if (state !== node.state) this.nodes.set(id, { ...node, state });
      this.ledger.moveNode(id, state, owned, at);
    }
  }

  private owned(nodeId: string): number {
    return [...this.volumes.values()].filter(({ ownerNodeId }) => ownerNodeId === nodeId).length;
  }

  private takeHubDown(hubId: string, state: 'down' | 'stopped' = 'down'): boolean {
    const hub = this.hubs.get(hubId);
    if (hub?.state !== 'up') return false;
    this.hubs.set(hubId, { ...hub, state, sessions: 0 });
    this.missing.delete(hubId);
    this.ledger.move(hubId, null, this.clock.now());
    this.announce();
    return true;
  }

  private leads(epoch: number): boolean {
    return this.lease.held()?.epoch === epoch;
  }

  private date(): Date {
    return new Date(this.clock.now());
  }

  private announce(): void {
    for (const listener of this.listeners) listener();
  }
}
