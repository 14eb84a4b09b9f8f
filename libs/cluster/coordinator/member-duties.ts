import type { ClusterState, NodeMember, NodeState, WantedOwner } from '#cluster/api';
import type { Clock } from '#stdx';
import type { Choice } from './choice.ts';
import type { ClusterView } from './cluster-view.ts';
import { isDown } from './detection.ts';
import type { EventLog } from './event-log.ts';
import type { NodeWatch } from './node-watch.ts';
import { NoLongerLeading, type Term } from './term.ts';
import type { CoordinatorTiming } from './timing.ts';
import type { VolumeDuties } from './volume-duties.ts';

/** How often nodes that answer are written down as seen. */
const SEEN_EVERY_MS = 10_000;

export interface MemberDutyParts {
  readonly hubId: string;
  readonly state: ClusterState;
  readonly view: ClusterView;
  readonly watch: NodeWatch;
  readonly choice: Choice;
  readonly volumes: VolumeDuties;
  readonly events: EventLog;
  readonly term: Term;
  readonly timing: CoordinatorTiming;
  readonly clock: Clock;
}

/** The leader's judgement of who is there: hubs by their heartbeats, nodes by what all hubs hear of them. */
export class MemberDuties {
  private seenAt = Number.NEGATIVE_INFINITY;
  private readonly watchingSince: number;

  constructor(private readonly parts: MemberDutyParts) {
    this.watchingSince = parts.clock.monotonic();
  }

  /** How long this process has been watching. */
  watchedMs(): number {
    return this.parts.clock.monotonic() - this.watchingSince;
  }

  async settleHubs(): Promise<void> {
    const { view, timing, hubId, state, events, term } = this.parts;
    // After an outage of the control plane everybody's heartbeat is old.
    if (!view.snapshot || view.reachableForMs < timing.hubSilentMsMax) return;
    for (const hub of view.snapshot.hubs) {
      const silentMs = view.snapshot.at.getTime() - hub.lastSeenAt.getTime();
      if (hub.state !== 'up' || hub.id === hubId || silentMs <= timing.hubSilentMsMax) continue;
      if (await term.write((epoch) => state.markHubDown(epoch, hub.id))) {
        events.record('hubDown', hub.id, { name: hub.name, silentMs });
        await view.refresh();
      }
    }
  }

  async settleNodes(): Promise<void> {
    const { view, watch, timing, hubId } = this.parts;
    for (const member of view.members()) {
      const { reach, report } = watch.get(member.id);
      if (reach === 'answering' && report) {
        if (!report.stopping) await this.settleLiving(member, report.version);
        continue;
      }
      const suspicion = { nodeId: member.id, reach, hubId, watchedMs: this.watchedMs() };
      if (member.state !== 'down' && view.snapshot && isDown(suspicion, view.snapshot, timing))
        await this.declareDown(member, reach);
    }
    await this.recordSeen();
  }

  private async settleLiving(member: NodeMember, version: string): Promise<void> {
    const { view, events, state, term } = this.parts;
    const wished = view.snapshot?.drains.includes(member.id) ?? false;
    const wasUp = member.state === 'active' || member.state === 'standby' || member.state === 'draining';
    if (wasUp && (member.state === 'draining') === wished && member.version === version) return;
    const wanted: NodeState = wished ? 'draining' : view.ownedBy(member.id).length > 0 ? 'active' : 'standby';
    if (!(await term.write((epoch) => state.setNodeState(epoch, member.id, wanted, version)))) return;
    view.nodeSet(member.id, wanted, version);
    if (!wasUp) events.record('nodeUp', member.id, { name: member.name, version });
    if (wished && member.state !== 'draining') events.record('nodeDraining', member.id, { name: member.name });
  }

  /** The node and all its volumes in one transaction, so that hours end and begin at one instant. */
  private async declareDown(member: NodeMember, why: string): Promise<void> {
    const { state, view, events, clock, choice, volumes, term } = this.parts;
    const since = clock.monotonic();
    const lost = view.ownedBy(member.id);
    const planned = new Map<string, number>();
    const wanted = lost.map((volume): WantedOwner => {
      const nodeId = choice.choose(volume, { avoid: [member.id], planned, starting: false }) ?? null;
      if (nodeId !== null) planned.set(nodeId, (planned.get(nodeId) ?? 0) + volume.weight);
      return { volumeId: volume.id, fromEpoch: volume.epoch, nodeId };
    });
    const assigned = await term.write((epoch) => state.declareDown(epoch, member.id, wanted));
    if (!assigned) throw new NoLongerLeading('the lease is no longer ours');
    view.nodeSet(member.id, 'down');
    events.record('nodeDown', member.id, { name: member.name, why, volumes: lost.length }, clock.monotonic() - since);
    for (const { volumeId, nodeId } of wanted) {
      const epoch = assigned.get(volumeId);
      if (epoch === undefined) void view.refresh();
      else volumes.handOver(volumeId, { cause: 'nodeDown', epoch, from: member.id, to: nodeId, since });
    }
  }

  private async recordSeen(): Promise<void> {
    const { clock, view, watch, state, term } = this.parts;
    if (clock.monotonic() - this.seenAt < SEEN_EVERY_MS) return;
    this.seenAt = clock.monotonic();
    const answering = view.members().filter(({ id }) => watch.get(id).reach === 'answering');
    const ids = answering.map(({ id }) => id);
    await term.write((epoch) => state.recordSeen(epoch, ids));
  }
}
