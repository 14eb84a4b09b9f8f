import type {
  ClusterSnapshot,
  ClusterState,
  NodeMember,
  NodeState,
  Volume,
  VolumeRoute,
  VolumeState,
} from '#cluster/api';
import type { Clock, Logger, Release, Timer } from '#stdx';
import { withDeadline } from './deadline.ts';
import type { CoordinatorTiming } from './timing.ts';

/**
 * The cluster as this hub last knew it: the newest snapshot, what this hub itself has written since, and later epochs
 * that nodes spoke of. An epoch here never goes back.
 */
export class ClusterView {
  private latest: ClusterSnapshot | undefined;
  private readonly volumes = new Map<string, Volume>();
  private nodes = new Map<string, NodeMember>();
  /** Node → its volumes; made anew when asked after a change. */
  private owned: Map<string, Volume[]> | undefined;
  /** When this process learnt the volume's present epoch and state (monotonic). */
  private readonly learnt = new Map<string, number>();
  /** Epochs that nodes reported and the snapshot does not have yet. */
  private readonly heard = new Map<string, number>();
  private readAtMs = Number.NEGATIVE_INFINITY;
  private awaySinceMs: number | undefined;
  private reachableSinceMs: number | undefined;
  /** Counts own writes: a snapshot that was asked for before one is read again. */
  private writes = 0;
  private reading: Promise<void> | undefined;
  private again = false;
  private timer: Timer | undefined;
  private unwatch: (() => void) | undefined;

  constructor(
    private readonly state: ClusterState,
    private readonly timing: CoordinatorTiming,
    private readonly clock: Clock,
    private readonly logger: Logger,
    /** Called after every successful reading, and with the routes that changed (also by own writes). */
    private readonly changed: (routes: readonly VolumeRoute[]) => void,
  ) {}

  start(): void {
    this.unwatch = this.state.watch(() => void this.refresh());
    this.timer = this.clock.every(this.timing.pollMs, () => void this.refresh());
    void this.refresh();
  }

  stop(): void {
    this.unwatch?.();
    this.timer?.cancel();
  }

  /** The newest snapshot. Of volumes and nodes ask `volume`, `all`, `node`, `members`: those know of own writes since. */
  get snapshot(): ClusterSnapshot | undefined {
    return this.latest;
  }

  volume(id: string): Volume | undefined {
    return this.volumes.get(id);
  }

  all(): readonly Volume[] {
    return [...this.volumes.values()];
  }

  /** Monotonic time at which its present epoch and state became known here. */
  learntAt(volumeId: string): number {
    return this.learnt.get(volumeId) ?? Number.NEGATIVE_INFINITY;
  }

  node(id: string): NodeMember | undefined {
    return this.nodes.get(id);
  }

  members(): readonly NodeMember[] {
    return [...this.nodes.values()];
  }

  ownedBy(nodeId: string): readonly Volume[] {
    this.owned ??= Map.groupBy(this.volumes.values(), ({ ownerNodeId }) => ownerNodeId ?? '');
    return this.owned.get(nodeId) ?? [];
  }

  /** Milliseconds (monotonic) at which the newest snapshot was asked for. */
  get readAt(): number {
    return this.readAtMs;
  }

  /** The last question went unanswered. */
  get away(): boolean {
    return this.awaySinceMs !== undefined;
  }

  /** How long every question has been answered. */
  get reachableForMs(): number {
    return this.reachableSinceMs === undefined ? 0 : this.clock.monotonic() - this.reachableSinceMs;
  }

  /** Highest epoch of the volume anybody told of. */
  knownEpoch(volumeId: string): number {
    return Math.max(this.volumes.get(volumeId)?.epoch ?? 0, this.heard.get(volumeId) ?? 0);
  }

  /** A node holds, or was given, the volume at this epoch. */
  hear(volumeId: string, epoch: number): void {
    if (epoch <= this.knownEpoch(volumeId)) return;
    this.heard.set(volumeId, epoch);
    void this.refresh();
  }

  /** This hub, leading, has written it: known here before anyone is told. */
  assigned(volumeId: string, epoch: number, ownerNodeId: string | null): void {
    const volume = this.volumes.get(volumeId);
    if (!volume || epoch <= volume.epoch) return;
    const state: VolumeState = ownerNodeId === null ? 'unassigned' : 'opening';
    this.write({ ...volume, epoch, ownerNodeId, state });
  }

  stateSet(volumeId: string, epoch: number, state: VolumeState): void {
    const volume = this.volumes.get(volumeId);
    if (volume?.epoch === epoch && volume.state !== state) this.write({ ...volume, state });
  }

  nodeSet(nodeId: string, state: NodeState, release?: Release): void {
    const node = this.nodes.get(nodeId);
    if (!node) return;
    this.writes++;
    this.nodes.set(nodeId, { ...node, ...release, state });
  }

  /** Reads everything; asked again while reading, it reads once more. Never rejects. */
  refresh(): Promise<void> {
    if (this.reading) this.again = true;
    this.reading ??= this.read().finally(() => {
      this.reading = undefined;
    });
    return this.reading;
  }

  private write(volume: Volume): void {
    this.writes++;
    this.volumes.set(volume.id, volume);
    this.learnt.set(volume.id, this.clock.monotonic());
    this.owned = undefined;
    this.changed([routeOf(volume)]);
  }

  private async read(): Promise<void> {
    do {
      this.again = false;
      const asked = this.clock.monotonic();
      const writes = this.writes;
      try {
        const snapshot = await withDeadline(this.clock, this.timing.leaderRenewMs, this.state.snapshot());
        if (this.awaySinceMs !== undefined) this.logger.info({}, 'the control plane answers again');
        this.awaySinceMs = undefined;
        this.reachableSinceMs ??= asked;
        if (writes !== this.writes) this.again = true;
        else this.accept(snapshot, asked);
      } catch (error) {
        if (this.awaySinceMs === undefined)
          this.logger.warn({ error: (error as Error).message }, 'the control plane does not answer');
        this.awaySinceMs ??= asked;
        this.reachableSinceMs = undefined;
        return;
      }
    } while (this.again);
  }

  private accept(snapshot: ClusterSnapshot, asked: number): void {
    const changed: VolumeRoute[] = [];
    for (const volume of snapshot.volumes) {
      const known = this.volumes.get(volume.id);
      if (known && known.epoch > volume.epoch) continue;
      this.volumes.set(volume.id, volume);
      if ((this.heard.get(volume.id) ?? 0) <= volume.epoch) this.heard.delete(volume.id);
      if (known?.epoch === volume.epoch && known.state === volume.state) continue;
      this.learnt.set(volume.id, this.clock.monotonic());
      changed.push(routeOf(volume));
    }
    const there = new Set(snapshot.volumes.map(({ id }) => id));
    for (const id of this.volumes.keys()) {
      if (there.has(id)) continue;
      this.volumes.delete(id);
      this.learnt.delete(id);
    }
    this.owned = undefined;
    this.nodes = new Map(snapshot.nodes.map((node) => [node.id, node]));
    this.latest = snapshot;
    this.readAtMs = asked;
    this.changed(changed);
  }
}

const routeOf = ({ id, epoch, ownerNodeId, state }: Volume): VolumeRoute => ({
  volumeId: id,
  epoch,
  ownerNodeId,
  state,
});
