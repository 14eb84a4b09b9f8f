import { type ClusterState, isGone, type NodeMember, type NodeState, type WantedOwner } from '#cluster/api';
import { type Clock, type Release, releaseOf, sameRelease } from '#stdx';
import type { Choice } from './choice.ts';
import type { ClusterView } from './cluster-view.ts';
import { isDown } from './detection.ts';
import type { EventLog } from './event-log.ts';
import type { Denial, NodeWatch } from './node-watch.ts';
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
      const { reach, report, denial } = watch.get(member.id);
      if (reach === 'answering' && report) {
        if (!report.stopping) await this.settleLiving(member, releaseOf(report));
        continue;
      }
      const suspicion = { nodeId: member.id, reach, hubId, watchedMs: this.watchedMs() };
      if (!isGone(member.state) && view.snapshot && isDown(suspicion, view.snapshot, timing))
        await this.declareDown(member, reach, report?.stopping ? 'stopped' : 'down');
      else if (isGone(member.state) && denial && !sameRelease(member, denial.release))
        await this.recordDenied(member, denial);
    }
    await this.recordSeen();
  }

  /** A node of a release this hub does not understand: it stays out, and operators see why. */
  private async recordDenied(member: NodeMember, { reason, release }: Denial): Promise<void> {
    const { view, events, state, term } = this.parts;
    if (!(await term.write((epoch) => state.setNodeState(epoch, member.id, 'down', release)))) return;
    view.nodeSet(member.id, 'down', release);
    events.record('memberRefused', member.id, { name: member.name, version: release.version, reason });
  }

  private async settleLiving(member: NodeMember, release: Release): Promise<void> {
    const { view, events, state, term } = this.parts;
    const wished = view.snapshot?.drains.includes(member.id) ?? false;
    const wasUp = member.state === 'active' || member.state === 'standby' || member.state === 'draining';
    if (wasUp && (member.state === 'draining') === wished && sameRelease(member, release)) return;
    const wanted: NodeState = wished ? 'draining' : view.ownedBy(member.id).length > 0 ? 'active' : 'standby';
    if (!(await term.write((epoch) => state.setNodeState(epoch, member.id, wanted, release)))) return;
    view.nodeSet(member.id, wanted, release);
    if (!wasUp) events.record('nodeUp', member.id, { name: member.name, version: release.version });
    if (wished && member.state !== 'draining') events.record('nodeDraining', member.id, { name: member.name });
  }

  /** The node and all its volumes in one transaction, so that hours end and begin at one instant. */
  private async declareDown(member: NodeMember, why: string, as: 'down' | 'stopped'): Promise<void> {
    const { state, view, events, clock, choice, volumes, term } = this.parts;
    const since = clock.monotonic();
    const lost = view.ownedBy(member.id);
    const planned = new Map<string, number>();
    const wanted = lost.map((volume): WantedOwner => {
      const nodeId = choice.choose(volume, { avoid: [member.id], planned, starting: false }) ?? null;
      if (nodeId !== null) planned.set(nodeId, (planned.get(nodeId) ?? 0) + volume.weight);
      return { volumeId: volume.id, fromEpoch: volume.epoch, nodeId };
    });
    const assigned = await term.write((epoch) => state.declareDown(epoch, member.id, wanted, as));
    if (!assigned) throw new NoLongerLeading('the lease is no longer ours');
    view.nodeSet(member.id, as);
    const kind = as === 'down' ? 'nodeDown' : 'nodeStopped';
    events.record(kind, member.id, { name: member.name, why, volumes: lost.length }, clock.monotonic() - since);
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
