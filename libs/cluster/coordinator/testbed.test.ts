import { type HostedVolume, NodeAgent, type VolumeHost, VolumeLockedError } from '#cluster/agent';
import type {
  CloseOrder,
  ClusterState,
  LeaseGrant,
  NodeControl,
  NodeControlListener,
  NodeMember,
  NodeReport,
  OpenOrder,
  OpenReport,
  Volume,
} from '#cluster/api';
import { ClusterStateUnavailableError, NodeUnreachableError } from '#cluster/api';
import { MemoryClusterState } from '#cluster/memory';
import { common, RELEASE, type Release, seededRandom, silentLogger } from '#stdx';
import { SimulatedClock } from '#testing';
import { HubCoordinator } from './hub-coordinator.ts';
import type { CoordinatorTiming } from './timing.ts';

interface TestVolume extends HostedVolume {
  readonly epoch: number;
}

/** Storage that all nodes reach: one lock a volume. */
class Storage implements VolumeHost<TestVolume> {
  constructor(
    private readonly locks: Map<string, string>,
    private readonly owner: string,
    private readonly machine: TestNode,
  ) {}
  async mount(): Promise<string> {
    if (this.machine.broken) throw new Error('the mount is gone');
    return '/v';
  }
  async unmount(): Promise<void> {}
  async identify(): Promise<void> {}
  async open(_directory: string, { volumeId, epoch }: { volumeId: string; epoch: number }): Promise<TestVolume> {
    const holder = this.locks.get(volumeId);
    if (holder !== undefined) throw new VolumeLockedError();
    this.locks.set(volumeId, this.owner);
    return {
      epoch,
      failed: new Promise(() => {}),
      writable: () => true,
      close: async () => {
        if (this.locks.get(volumeId) === this.owner) this.locks.delete(volumeId);
      },
    };
  }
  async fence(): Promise<void> {}
}

/** A node whose process can die, hang and come back. */
export class TestNode {
  alive = true;
  hung = false;
  broken = false;
  starts = 0;
  /** Of the process that is started next. */
  release = RELEASE;
  agent: NodeAgent<TestVolume>;

  constructor(
    readonly member: NodeMember,
    private readonly locks: Map<string, string>,
    private readonly clock: SimulatedClock,
  ) {
    this.agent = this.start();
  }

  start(): NodeAgent<TestVolume> {
    this.starts++;
    const instance = `${this.member.name}#${this.starts}`;
    this.alive = true;
    this.hung = false;
    this.agent = new NodeAgent<TestVolume>(
      { instance, release: this.release, ownerLeaseMs: 3_000 },
      new Storage(this.locks, instance, this),
      { serving() {}, ending: async () => {}, lost() {} },
      this.clock,
      silentLogger,
    );
    return this.agent;
  }

  /** kill -9: locks go with the process. */
  kill(): void {
    this.alive = false;
    for (const [volume, holder] of this.locks) if (holder.startsWith(`${this.member.name}#`)) this.locks.delete(volume);
  }
}

/** One hub's lines to the nodes: each can be cut. */
class TestControl implements NodeControl {
  readonly cut = new Set<string>();
  private readonly listeners = new Set<NodeControlListener>();

  constructor(
    private readonly nodes: ReadonlyMap<string, TestNode>,
    private readonly release: Release,
  ) {}

  async probe(node: NodeMember): Promise<NodeReport> {
    return (await this.reach(node)).agent.report();
  }
  renew(node: NodeMember, grant: LeaseGrant): void {
    const there = this.nodes.get(node.id);
    if (there?.alive && !there.hung && !this.cut.has(node.id)) there.agent.renew(grant);
  }
  async open(node: NodeMember, order: OpenOrder): Promise<OpenReport> {
    return (await this.reach(node)).agent.open(order);
  }
  async close(node: NodeMember, order: CloseOrder): Promise<void> {
    return (await this.reach(node)).agent.close(order);
  }
  watch(listener: NodeControlListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
  forget(): void {}
  refused(nodeId: string): void {
    for (const listener of this.listeners) listener.refused(nodeId);
  }

  private async reach(node: NodeMember): Promise<TestNode> {
    const there = this.nodes.get(node.id);
    if (!there || this.cut.has(node.id) || there.hung) throw new NodeUnreachableError('silent');
    if (!there.alive) throw new NodeUnreachableError('refused');
    if (common(this.release.protocol, there.release.protocol) === undefined) {
      for (const listener of this.listeners) listener.denied?.(node.id, 'too far apart', there.release);
      throw new NodeUnreachableError('denied');
    }
    return there;
  }
}

export interface TestHub {
  readonly id: string;
  readonly control: TestControl;
  readonly coordinator: HubCoordinator;
  readonly routes: string[];
  /** Its own line to the control plane. */
  away: boolean;
}

export type Testbed = Awaited<ReturnType<typeof testbed>>;

/** A whole cluster in one process: `hubs` coordinators over `nodes` agents and `volumes` volumes. */
export async function testbed(options: {
  hubs?: number;
  nodes?: number;
  volumes?: number;
  timing?: Partial<CoordinatorTiming>;
  fence?: readonly string[];
}) {
  const clock = new SimulatedClock();
  const random = seededRandom(1);
  const state = new MemoryClusterState(random.uuid(), random.uuid(), clock, random);
  const locks = new Map<string, string>();
  const nodes = new Map<string, TestNode>();
  for (let i = 1; i <= (options.nodes ?? 3); i++) {
    const endpoint = { host: '127.0.0.1', port: 7_000 + i };
    const member = await state.addNode({ name: `n${i}`, control: endpoint, data: endpoint, weight: 1, eligible: true });
    nodes.set(member.id, new TestNode(member, locks, clock));
  }
  const list = [...nodes.values()];
  const volumes: Volume[] = [];
  for (let i = 0; i < (options.volumes ?? 2); i++) {
    const mount = { driver: 'local' as const, path: `/v${i}`, args: [] };
    const preferredNodeId = list[i]?.member.id ?? null;
    const fence = options.fence ?? null;
    volumes.push(
      await state.addVolume({ name: `v${i}`, mount, volumeClass: 'standard', weight: 1, preferredNodeId, fence }),
    );
  }
  const startHub = (n: number, release = RELEASE): TestHub => {
    const control = new TestControl(nodes, release);
    const id = `hub-${n}`;
    const hub = { id, name: id, relay: { host: '127.0.0.1', port: 2_024 }, ...release };
    const routes: string[] = [];
    const testHub = { id, control, routes, away: false } as { -readonly [K in keyof TestHub]: TestHub[K] };
    testHub.coordinator = new HubCoordinator(
      {
        hub,
        timing: options.timing ?? {},
        onRoutes: (changed) =>
          routes.push(...changed.map((route) => `${route.volumeId}@${route.epoch} ${route.state}`)),
      },
      { state: interrupted(state, () => testHub.away), control, clock, random: seededRandom(n), logger: silentLogger },
    );
    testHub.coordinator.start();
    return testHub;
  };
  const hubs = Array.from({ length: options.hubs ?? 2 }, (_, i) => startHub(i + 1));
  return {
    clock,
    state,
    locks,
    nodes: list,
    volumes,
    hubs,
    startHub,
    leader: () => hubs.find(({ coordinator }) => coordinator.leading()),
    /** A process that dies is noticed by every hub that has a line to it. */
    kill(node: TestNode): void {
      node.kill();
      for (const { control } of hubs) if (!control.cut.has(node.member.id)) control.refused(node.member.id);
    },
    async owners(): Promise<string[]> {
      const { volumes: now, nodes: members } = await state.snapshot();
      return now.map(({ ownerNodeId, state: is, epoch }) => {
        const name = members.find(({ id }) => id === ownerNodeId)?.name ?? '-';
        return `${name} ${is}@${epoch}`;
      });
    },
    async stop(): Promise<void> {
      for (const { coordinator } of hubs) {
        const stopping = coordinator.stop();
        await clock.advance(2_000);
        await stopping;
      }
    },
  };
}

/** The same state, unreachable while `away`. */
function interrupted(state: ClusterState, away: () => boolean): ClusterState {
  return new Proxy(state, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== 'function') return value;
      if (property === 'watch') return (listener: () => void) => target.watch(() => void (away() || listener()));
      return async (...args: unknown[]): Promise<unknown> => {
        if (away()) throw new ClusterStateUnavailableError();
        return Reflect.apply(value, target, args);
      };
    },
  });
}
