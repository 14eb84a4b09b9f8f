import {
  type HeldVolume,
  type NodeControl,
  type NodeMember,
  type NodeReport,
  NodeUnreachableError,
} from '#cluster/api';
import { type Clock, type Logger, type Release, sameRelease, type Timer } from '#stdx';
import type { ClusterView } from './cluster-view.ts';
import type { CoordinatorTiming } from './timing.ts';

/** `unknown`: never heard by this process. `answering`. `silent`: misses probes. `refused`: its process is gone. */
export type Reach = 'unknown' | 'answering' | 'silent' | 'refused';

export interface WatchedNode {
  readonly reach: Reach;
  /** Probes in a row without an answer. */
  readonly missed: number;
  /** The newest report, however old. */
  readonly report: NodeReport | undefined;
  /** Monotonic time of it. */
  readonly heardAt: number | undefined;
  /** Since when this process of it has answered without a break, while it does. */
  readonly wellSince: number | undefined;
  /** It answered last that it does not want this hub, and what release it is. */
  readonly denial: Denial | undefined;
}

export interface Denial {
  readonly reason: string;
  readonly release: Release;
}

interface Watched {
  member: NodeMember;
  report: NodeReport | undefined;
  heardAt: number | undefined;
  wellSince: number | undefined;
  missed: number;
  /** Probes sent and answered, to see which are still out. */
  sent: number;
  answered: number;
  refused: boolean;
  denial: Denial | undefined;
}

/**
 * Probes every node and renews the leases of owners. It judges nobody: what a node's silence means is the leader's to
 * decide. Renewal follows CLUSTER.md: on a view that is fresh, or on the last one while the control plane is away; never
 * on one that may be out of date while a fresh one could be had, and never below an epoch anybody spoke of.
 */
export class NodeWatch {
  private readonly nodes = new Map<string, Watched>();
  private readonly closing = new Set<string>();
  private timer: Timer | undefined;
  private unwatch: (() => void) | undefined;

  constructor(
    private readonly view: ClusterView,
    private readonly control: NodeControl,
    private readonly timing: CoordinatorTiming,
    private readonly clock: Clock,
    private readonly logger: Logger,
    /** A node says something new, or its reach changed. */
    private readonly changed: (nodeId: string) => void,
  ) {}

  start(): void {
    this.unwatch = this.control.watch({
      refused: (nodeId) => this.noteRefused(nodeId),
      reported: (nodeId, report) => this.reported(nodeId, report),
      denied: (nodeId, reason, release) => this.noteDenied(nodeId, { reason, release }),
    });
    this.timer = this.clock.every(this.timing.probeIntervalMs, () => this.round());
    this.round();
  }

  stop(): void {
    this.timer?.cancel();
    this.unwatch?.();
    for (const id of this.nodes.keys()) this.control.forget(id);
    this.nodes.clear();
  }

  get(nodeId: string): WatchedNode {
    const node = this.nodes.get(nodeId);
    if (!node) return UNHEARD;
    const { missed, report, heardAt, denial } = node;
    const reach = this.reachOf(node);
    return { reach, missed, report, heardAt, wellSince: reach === 'answering' ? node.wellSince : undefined, denial };
  }

  /** What the node says of a volume, if it answers. */
  held(nodeId: string, volumeId: string): HeldVolume | undefined {
    return this.nodes.get(nodeId)?.report?.volumes.find((held) => held.volumeId === volumeId);
  }

  /** Nodes this hub cannot reach, for the others to know. */
  missing(): readonly string[] {
    return [...this.nodes.values()].filter((node) => this.reachOf(node) !== 'answering').map(({ member }) => member.id);
  }

  /** Asks one node now, besides its turn. */
  async probe(nodeId: string): Promise<void> {
    const node = this.nodes.get(nodeId);
    if (!node) return;
    node.sent++;
    try {
      this.heard(node, await this.control.probe(node.member));
    } catch (error) {
      if (!(error instanceof NodeUnreachableError)) throw error;
      // "Refused" is also what a caller hears who was refused before: only that the node is unreachable is new here.
      if (error.why === 'refused') this.noteRefused(nodeId);
    }
  }

  private round(): void {
    this.follow();
    for (const node of this.nodes.values()) {
      if (node.sent > node.answered) {
        node.missed++;
        if (node.missed === this.timing.probesMissedMax) {
          this.logger.warn({ node: node.member.name, missed: node.missed }, 'a node is silent');
          this.changed(node.member.id);
        }
      }
      void this.probe(node.member.id);
    }
  }

  /** Told without being asked: it says how the volumes are, and proves nothing about probes that are out. */
  private reported(nodeId: string, report: NodeReport): void {
    const node = this.nodes.get(nodeId);
    if (node) this.heard(node, report);
  }

  /** Members come and go with the view. */
  private follow(): void {
    for (const member of this.view.members()) {
      const node = this.nodes.get(member.id);
      if (node) node.member = member;
      else this.nodes.set(member.id, newcomer(member));
    }
    for (const id of this.nodes.keys()) {
      if (this.view.node(id)) continue;
      this.nodes.delete(id);
      this.control.forget(id);
    }
  }

  private heard(node: Watched, report: NodeReport): void {
    if (this.nodes.get(node.member.id) !== node) return;
    // Answers may overtake each other when a connection was made anew.
    if (report.instance === node.report?.instance && report.stamp < node.report.stamp) return;
    const before = this.reachOf(node);
    const restarted = node.report?.instance !== report.instance;
    const news = before !== 'answering' || !sameNews(node.report, report);
    node.report = report;
    node.heardAt = this.clock.monotonic();
    if (before !== 'answering' || restarted) node.wellSince = node.heardAt;
    node.missed = 0;
    node.refused = false;
    node.denial = undefined;
    node.answered = node.sent;
    if (before !== 'answering') this.logger.info({ node: node.member.name, before }, 'a node answers');
    this.compare(node, report);
    if (news) this.changed(node.member.id);
  }

  /** Renews what the node owns, and tells it to let go of what it no longer does. */
  private compare(node: Watched, report: NodeReport): void {
    const granted: { volumeId: string; epoch: number }[] = [];
    const mayGrant = this.mayGrant();
    for (const { volumeId, epoch, state } of report.volumes) {
      this.view.hear(volumeId, epoch);
      if (state !== 'opening' && state !== 'serving') continue;
      const volume = this.view.volume(volumeId);
      const known = this.view.knownEpoch(volumeId);
      if (epoch < known) this.dismiss(node.member, volumeId, known);
      else if (mayGrant && volume?.epoch === epoch && volume.ownerNodeId === node.member.id)
        granted.push({ volumeId, epoch });
    }
    if (granted.length === 0) return;
    this.control.renew(node.member, { instance: report.instance, stamp: report.stamp, volumes: granted });
  }

  private mayGrant(): boolean {
    if (!this.view.snapshot) return false;
    return this.view.away || this.clock.monotonic() - this.view.readAt <= this.timing.leaderTtlMs;
  }

  private dismiss(member: NodeMember, volumeId: string, belowEpoch: number): void {
    const key = `${member.id} ${volumeId} ${belowEpoch}`;
    if (this.closing.has(key)) return;
    this.closing.add(key);
    const owner = this.view.volume(volumeId)?.ownerNodeId;
    const name = owner ? this.view.node(owner)?.name : undefined;
    const reason = `the volume is ${name ? `${name}'s` : 'no longer this node’s'} since epoch ${belowEpoch}`;
    this.logger.info({ node: member.name, volumeId, belowEpoch }, 'telling a former owner to let go');
    this.control
      .close(member, { volumeId, belowEpoch, reason })
      .catch(() => {}) // Its next report brings us back here.
      .finally(() => {
        this.closing.delete(key);
        void this.probe(member.id);
      });
  }

  private noteRefused(nodeId: string): void {
    const node = this.nodes.get(nodeId);
    if (!node || node.refused) return;
    node.refused = true;
    if (node.heardAt !== undefined) this.logger.warn({ node: node.member.name }, "a node's process is gone");
    this.changed(nodeId);
  }

  private noteDenied(nodeId: string, denial: Denial): void {
    const node = this.nodes.get(nodeId);
    if (!node) return;
    node.denial = denial;
    this.changed(nodeId);
  }

  private reachOf(node: Watched): Reach {
    if (node.heardAt === undefined) return 'unknown';
    if (node.refused) return 'refused';
    return node.missed >= this.timing.probesMissedMax ? 'silent' : 'answering';
  }
}

const newcomer = (member: NodeMember): Watched => ({
  member,
  report: undefined,
  heardAt: undefined,
  wellSince: undefined,
  missed: 0,
  sent: 0,
  answered: 0,
  refused: false,
  denial: undefined,
});

const UNHEARD: WatchedNode = {
  reach: 'unknown',
  missed: 0,
  report: undefined,
  heardAt: undefined,
  wellSince: undefined,
  denial: undefined,
};

function sameNews(a: NodeReport | undefined, b: NodeReport): boolean {
  if (!a || a.instance !== b.instance || a.stopping !== b.stopping || !sameRelease(a, b)) return false;
  return (
    a.volumes.length === b.volumes.length &&
    a.volumes.every((held, i) => {
      const other = b.volumes[i];
      return held.volumeId === other?.volumeId && held.epoch === other.epoch && held.state === other.state;
    })
  );
}
