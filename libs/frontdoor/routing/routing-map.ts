import type { ClusterSnapshot, ClusterState, Endpoint, NodeMember, VolumeRoute } from '#cluster/api';
import type { Clock, Logger, Timer } from '#stdx';
import type { RouteFile } from './route-file.ts';

/** Who serves a volume now, and where. Two of them are the same owner when volume and epoch are. */
export interface VolumeOwner {
  readonly volumeId: string;
  readonly epoch: number;
  readonly nodeId: string;
  readonly nodeName: string;
  /** Data connections. */
  readonly endpoint: Endpoint;
}

export interface RoutingSettings {
  /** Read the whole map this often even if nothing was announced. 5,000. */
  readonly pollMs: number;
  /** Write the map to disk at most this often. 1,000. */
  readonly saveMs: number;
}

export const DEFAULT_ROUTING_SETTINGS: RoutingSettings = { pollMs: 5_000, saveMs: 1_000 };

/** What is known of a volume. `order` is when it was learnt: a snapshot asked for before a push does not undo it. */
interface KnownRoute {
  readonly route: VolumeRoute;
  readonly order: number;
}

interface Waiter {
  readonly after: VolumeOwner | undefined;
  readonly done: (owner: VolumeOwner | undefined) => void;
}

/**
 * Volume → node, whole and in memory: read from the control plane, pushed by the coordinator in this process, kept on disk
 * for a start without the control plane. A volume's epoch never goes back.
 */
export class RoutingMap {
  private readonly routes = new Map<string, KnownRoute>();
  private nodes = new Map<string, Pick<NodeMember, 'id' | 'name' | 'data'>>();
  private readonly waiters = new Map<string, Set<Waiter>>();
  private readonly timers: Timer[] = [];
  private unwatch: (() => void) | undefined;
  private order = 0;
  private reading: Promise<boolean> | undefined;
  private readAgain = false;
  private saving: Timer | undefined;
  private written: Promise<void> = Promise.resolve();
  private loadedAt: number | undefined;

  constructor(
    private readonly state: Pick<ClusterState, 'clusterId' | 'snapshot' | 'watch'>,
    private readonly file: RouteFile,
    private readonly clock: Clock,
    private readonly logger: Logger,
    private readonly settings: RoutingSettings = DEFAULT_ROUTING_SETTINGS,
  ) {}

  /** Resolves once there is a map: from the control plane, else from disk. */
  async start(): Promise<void> {
    const saved = await this.file.load(this.state.clusterId);
    if (saved) {
      this.learnNodes(saved.nodes);
      // Whether one that was opening then serves now, its node will say.
      const hoped = saved.routes.map((route) =>
        route.state === 'opening' ? { ...route, state: 'serving' as const } : route,
      );
      this.apply(hoped, ++this.order);
    }
    this.unwatch = this.state.watch(() => void this.refresh());
    this.timers.push(this.clock.every(this.settings.pollMs, () => void this.refresh()));
    if (!(await this.refresh()) && saved)
      this.logger.warn({ volumes: saved.routes.length }, 'routing from the last map on disk: no control plane');
  }

  async stop(): Promise<void> {
    this.unwatch?.();
    for (const timer of this.timers.splice(0)) timer.cancel();
    for (const waiters of this.waiters.values()) for (const waiter of [...waiters]) waiter.done(undefined);
    if (this.saving) {
      this.saving.cancel();
      this.save();
    }
    await this.written;
  }

  /** Milliseconds since the control plane was last read; `undefined` before the first time. */
  get ageMs(): number | undefined {
    return this.loadedAt === undefined ? undefined : this.clock.monotonic() - this.loadedAt;
  }

  get size(): number {
    return this.routes.size;
  }

  /** The volume's serving owner now. */
  current(volumeId: string): VolumeOwner | undefined {
    const route = this.routes.get(volumeId)?.route;
    if (route?.state !== 'serving' || route.ownerNodeId === null) return undefined;
    const node = this.nodes.get(route.ownerNodeId);
    return node && { volumeId, epoch: route.epoch, nodeId: node.id, nodeName: node.name, endpoint: node.data };
  }

  /** Every owner that serves, by volume. */
  serving(): VolumeOwner[] {
    return [...this.routes.keys()].sort().flatMap((volumeId) => this.current(volumeId) ?? []);
  }

  /** Waits while the volume has no serving owner; `undefined` when it has none after `waitMs`. */
  async ownerOf(volumeId: string, waitMs: number): Promise<VolumeOwner | undefined> {
    const owner = this.current(volumeId);
    if (owner) return owner;
    if (!this.routes.has(volumeId)) void this.refresh();
    return this.nextOwner(volumeId, undefined, waitMs);
  }

  /** Waits for an owner other than `after`; `undefined` when there is none after `waitMs`. */
  nextOwner(volumeId: string, after: VolumeOwner | undefined, waitMs: number): Promise<VolumeOwner | undefined> {
    const owner = this.current(volumeId);
    if (owner && owner.epoch !== after?.epoch) return Promise.resolve(owner);
    if (waitMs <= 0) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const waiting = this.waiters.get(volumeId) ?? new Set();
      this.waiters.set(volumeId, waiting);
      const waiter: Waiter = {
        after,
        done: (found) => {
          timer.cancel();
          waiting.delete(waiter);
          if (waiting.size === 0 && this.waiters.get(volumeId) === waiting) this.waiters.delete(volumeId);
          resolve(found);
        },
      };
      const timer = this.clock.after(waitMs, () => waiter.done(undefined));
      waiting.add(waiter);
    });
  }

  /** Routes decided in this process: known here before the control plane has told anyone. */
  push(routes: readonly VolumeRoute[]): void {
    if (this.apply(routes, ++this.order)) this.saveSoon();
  }

  /** Reads the whole map; `false` when the control plane is away. Asked again while reading, it reads once more. */
  refresh(): Promise<boolean> {
    if (this.reading) {
      this.readAgain = true;
      return this.reading;
    }
    this.reading = this.read().finally(() => {
      this.reading = undefined;
    });
    return this.reading;
  }

  private async read(): Promise<boolean> {
    for (;;) {
      this.readAgain = false;
      const asked = this.order;
      let snapshot: ClusterSnapshot;
      try {
        snapshot = await this.state.snapshot();
      } catch (error) {
        this.logger.debug({ error: (error as Error).message }, 'routes could not be read');
        return false;
      }
      this.loadedAt = this.clock.monotonic();
      this.learn(snapshot, asked);
      if (!this.readAgain) return true;
    }
  }

  private learn(snapshot: ClusterSnapshot, asked: number): void {
    const moved = this.learnNodes(snapshot.nodes);
    const routes = snapshot.volumes.map(({ id, epoch, ownerNodeId, state }) => ({
      volumeId: id,
      epoch,
      ownerNodeId,
      state,
    }));
    const there = new Set(routes.map((route) => route.volumeId));
    let changed = false;
    for (const [volumeId, { order }] of this.routes)
      if (!there.has(volumeId) && order <= asked) changed = this.routes.delete(volumeId) || changed;
    if (this.apply(routes, asked) || moved || changed) this.saveSoon();
  }

  private learnNodes(nodes: readonly Pick<NodeMember, 'id' | 'name' | 'data'>[]): boolean {
    const before = JSON.stringify([...this.nodes.values()]);
    this.nodes = new Map(nodes.map(({ id, name, data }) => [id, { id, name, data }]));
    return JSON.stringify([...this.nodes.values()]) !== before;
  }

  /** `order` is when the routes were asked for or pushed. Whether anything changed. */
  private apply(routes: readonly VolumeRoute[], order: number): boolean {
    let changed = false;
    for (const route of routes) {
      const known = this.routes.get(route.volumeId);
      if (known && (route.epoch < known.route.epoch || (route.epoch === known.route.epoch && order < known.order)))
        continue;
      this.routes.set(route.volumeId, { route, order });
      changed ||= !known || !same(known.route, route);
    }
    // Every waiter is asked, not only those of changed routes: a node may have become known.
    for (const volumeId of this.waiters.keys()) this.wake(volumeId);
    return changed;
  }

  private wake(volumeId: string): void {
    const owner = this.current(volumeId);
    if (!owner) return;
    for (const waiter of [...(this.waiters.get(volumeId) ?? [])])
      if (owner.epoch !== waiter.after?.epoch) waiter.done(owner);
  }

  private saveSoon(): void {
    this.saving ??= this.clock.after(this.settings.saveMs, () => this.save());
  }

  /** One after the other: two writers would share the file beside it. */
  private save(): void {
    this.saving = undefined;
    const routes = [...this.routes.values()].map(({ route }) => route);
    const saved = { clusterId: this.state.clusterId, nodes: [...this.nodes.values()], routes };
    this.written = this.written
      .then(() => this.file.save(saved))
      .catch((error: Error) => {
        this.logger.warn({ error: error.message }, 'the routing map could not be written to disk');
      });
  }
}

const same = (a: VolumeRoute, b: VolumeRoute): boolean =>
  a.epoch === b.epoch && a.state === b.state && a.ownerNodeId === b.ownerNodeId;
