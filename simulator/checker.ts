import { isGone, type LeaseGrant } from '#cluster/api';
import type { MemoryClusterState } from '#cluster/memory';
import type { SimHub } from './sim-hub.ts';
import { OWNER_LEASE_MS, type SimNode } from './sim-node.ts';
import type { StoredWrite } from './storage.ts';
import type { World } from './world.ts';

export interface Figures {
  acknowledged: number;
  refused: number;
  takeovers: number;
  elections: number;
  /** Changes of owner by plan: moves, drains, volumes that went back to the node they prefer. */
  switchovers: number;
}

/** The laws, checked from outside: by what was granted, written and answered, never by asking the code that is tested. */
export class Checker {
  readonly violations: string[] = [];
  readonly figures: Figures = { acknowledged: 0, refused: 0, takeovers: 0, elections: 0, switchovers: 0 };
  private readonly epochs = new Map<string, number>();
  private readonly owners = new Map<string, string | null>();
  /** Process, volume and epoch → when its lease ends, from grants that reached it. */
  private readonly leases = new Map<string, number>();
  private leaderEpoch = 0;

  constructor(
    private readonly world: World,
    private readonly state: MemoryClusterState,
    private readonly hubs: readonly SimHub[],
    private readonly nodes: readonly SimNode[],
  ) {}

  violation(what: string): void {
    this.violations.push(`${Math.round(this.world.now)} ms: ${what}`);
  }

  /** A grant or a first lease arrived at a node. */
  granted(node: SimNode, grant: LeaseGrant): void {
    if (grant.instance !== node.process.name) return;
    for (const { volumeId, epoch } of grant.volumes) {
      const key = `${node.process.name} ${volumeId} ${epoch}`;
      const until = grant.stamp + OWNER_LEASE_MS;
      this.leases.set(key, Math.max(until, this.leases.get(key) ?? 0));
    }
  }

  /** A client was told that its write is kept. */
  acknowledged(write: StoredWrite): void {
    this.figures.acknowledged++;
    const { volumeId, epoch, process } = write;
    const until = this.leases.get(`${process.name} ${volumeId} ${epoch}`);
    if (until === undefined || this.world.now > until)
      this.violation(`${process.name} acknowledged a write to ${volumeId} at epoch ${epoch} without a live lease`);
  }

  /** After everything that happens. */
  step(): void {
    this.checkLeaders();
    this.checkServers();
  }

  /** After every change of the written state. */
  async written(): Promise<void> {
    const { volumes, leader } = await this.state.snapshot();
    for (const { id, epoch, ownerNodeId } of volumes) {
      const before = this.epochs.get(id) ?? 0;
      if (epoch < before) this.violation(`epoch of ${id} fell from ${before} to ${epoch}`);
      if (epoch === before && this.owners.has(id) && this.owners.get(id) !== ownerNodeId)
        this.violation(`${id} changed its owner within epoch ${epoch}`);
      if (epoch > before) this.figures.takeovers++;
      this.epochs.set(id, epoch);
      this.owners.set(id, ownerNodeId);
    }
    if (!leader) return;
    if (leader.epoch < this.leaderEpoch) this.violation(`leader epoch fell to ${leader.epoch}`);
    if (leader.epoch > this.leaderEpoch) this.figures.elections++;
    this.leaderEpoch = leader.epoch;
  }

  /** With everything healthy for long enough: somebody leads, everything is served, everybody knows by whom. */
  async settled(): Promise<void> {
    const { volumes, nodes, hubs } = await this.state.snapshot();
    const leaders = this.hubs.filter(({ process, coordinator }) => process.running && coordinator.leading());
    if (leaders.length !== 1) this.violation(`${leaders.length} leaders in a healthy cluster`);
    for (const volume of volumes) {
      const owner = this.nodes.find(({ member }) => member.id === volume.ownerNodeId);
      const served = owner?.process.running && typeof owner.agent.use(volume.id, volume.epoch) === 'object';
      if (volume.state !== 'serving' || !served)
        this.violation(
          `${volume.name} is ${volume.state} at epoch ${volume.epoch} with ${owner?.member.name ?? 'nobody'}`,
        );
      for (const hub of this.hubs) {
        const route = hub.routes.get(volume.id);
        if (route?.epoch !== volume.epoch || route.state !== volume.state)
          this.violation(`${hub.member.name} routes ${volume.name} by epoch ${route?.epoch}, not ${volume.epoch}`);
      }
    }
    for (const node of nodes)
      if (isGone(node.state) || node.state === 'fenced') this.violation(`${node.name} is ${node.state}`);
    for (const hub of hubs) if (hub.state !== 'up') this.violation(`${hub.name} is down`);
    const events = await this.state.events({ limit: Number.MAX_SAFE_INTEGER });
    this.figures.switchovers = events.filter(({ kind }) => kind === 'switchoverDone').length;
    this.checkUsage();
  }

  private checkLeaders(): void {
    const leaders = this.hubs.filter(({ process, coordinator }) => process.alive && coordinator.leading());
    if (leaders.length > 1) this.violation(`two leaders: ${leaders.map(({ member }) => member.name).join(', ')}`);
  }

  /** Two processes that would both take a write for one volume now. */
  private checkServers(): void {
    const serving = new Map<string, string>();
    for (const { process, agent } of this.nodes) {
      if (!process.running) continue;
      for (const { volumeId, volume } of agent.serving()) {
        // A lock the storage gave away while its holder slept: its writes are refused, and it will notice at the first.
        if (volume.lock.lost) continue;
        const other = serving.get(volumeId);
        if (other !== undefined) this.violation(`${other} and ${process.name} both serve ${volumeId}`);
        serving.set(volumeId, process.name);
      }
    }
  }

  /** Hours tile: one interval at a time for each hub and node, in order. */
  private checkUsage(): void {
    const running = new Map<string, string>();
    const ids = new Set<string>();
    for (const event of this.state.usage()) {
      if (ids.has(event.id)) this.violation(`usage event ${event.id} twice`);
      ids.add(event.id);
      if (event.kind === 'start') {
        if (running.has(event.subject)) this.violation(`${event.id} while ${running.get(event.subject)} runs`);
        running.set(event.subject, event.meter);
      } else if (event.kind === 'stop') {
        if (running.get(event.subject) !== event.meter) this.violation(`${event.id} of an interval that does not run`);
        running.delete(event.subject);
      }
    }
  }
}
