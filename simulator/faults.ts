import type { MemoryClusterState } from '#cluster/memory';
import type { Random } from '#stdx';
import { CONTROL_PLANE, type ControlPlane } from './control-plane.ts';
import type { Network } from './network.ts';
import type { SimHub } from './sim-hub.ts';
import type { SimNode } from './sim-node.ts';
import type { Storage } from './storage.ts';
import type { World } from './world.ts';

/** All that can be broken. */
export interface Breakable {
  readonly world: World;
  readonly random: Random;
  readonly network: Network;
  readonly plane: ControlPlane;
  readonly storage: Storage;
  readonly state: MemoryClusterState;
  readonly hubs: readonly SimHub[];
  readonly nodes: readonly SimNode[];
  readonly log: (what: string) => void;
  /** How often each was brought about. */
  readonly counts: Map<string, number>;
}

interface Fault {
  readonly name: string;
  readonly weight: number;
  /** Breaks something and returns how it is mended. */
  inject(target: Breakable): () => void;
}

const pick = <T>(random: Random, from: readonly T[]): T => from[Math.floor(random.fraction() * from.length)]!;
const between = (random: Random, least: number, most: number): number => least + random.fraction() * (most - least);

const FAULTS: readonly Fault[] = [
  {
    name: 'node killed',
    weight: 5,
    inject({ random, nodes }) {
      const node = pick(random, nodes);
      node.kill();
      return () => void (node.process.alive || node.start());
    },
  },
  {
    name: 'hub killed',
    weight: 3,
    inject({ random, hubs }) {
      const hub = pick(random, hubs);
      hub.kill();
      return () => void (hub.process.alive || hub.start());
    },
  },
  {
    name: 'node process stopped',
    weight: 3,
    inject({ random, nodes }) {
      const node = pick(random, nodes);
      node.process.stop();
      return () => {
        if (!node.frozen) node.process.resume();
        if (!node.process.alive) node.start();
      };
    },
  },
  {
    name: 'node machine frozen',
    weight: 3,
    inject({ random, nodes }) {
      const node = pick(random, nodes);
      node.freeze();
      return () => {
        node.thaw();
        if (!node.process.alive) node.start();
      };
    },
  },
  {
    name: 'hub process stopped',
    weight: 3,
    inject({ random, hubs }) {
      const hub = pick(random, hubs);
      hub.process.stop();
      return () => hub.process.resume();
    },
  },
  {
    name: 'node cut off from all hubs',
    weight: 3,
    inject({ random, nodes, hubs, network }) {
      const node = pick(random, nodes).member.name;
      return cutAll(
        network,
        hubs.flatMap(({ member }) => both(node, member.name)),
      );
    },
  },
  {
    name: 'one wire cut',
    weight: 4,
    inject({ random, nodes, hubs, network }) {
      const wires = both(pick(random, nodes).member.name, pick(random, hubs).member.name);
      return cutAll(network, random.fraction() < 0.3 ? wires.slice(0, 1) : wires);
    },
  },
  {
    name: 'connection reset',
    weight: 3,
    inject({ random, nodes, hubs }) {
      // What is under way on it, either way, is lost.
      pick(random, hubs).control.forget(pick(random, nodes).member.id);
      return () => {};
    },
  },
  {
    name: 'hub cut off from the control plane',
    weight: 3,
    inject({ random, hubs, network }) {
      const wires = both(pick(random, hubs).member.name, CONTROL_PLANE);
      return cutAll(network, random.fraction() < 0.3 ? wires.slice(1) : wires);
    },
  },
  {
    name: 'two halves',
    weight: 2,
    inject({ random, nodes, hubs, network }) {
      const all = [...nodes.map(({ member }) => member.name), ...hubs.map(({ member }) => member.name), CONTROL_PLANE];
      const left = new Set(all.filter(() => random.fraction() < 0.5));
      const wires: [string, string][] = [];
      for (const a of all) for (const b of all) if (left.has(a) !== left.has(b)) wires.push([a, b]);
      return cutAll(network, wires);
    },
  },
  {
    name: 'control plane away',
    weight: 3,
    inject({ random, plane }) {
      plane.trouble = pick(random, ['refusing', 'hanging'] as const);
      return () => {
        plane.trouble = 'none';
      };
    },
  },
  {
    name: 'control plane loses replies',
    weight: 2,
    inject({ plane }) {
      plane.trouble = 'losingReplies';
      return () => {
        plane.trouble = 'none';
      };
    },
  },
  {
    name: 'storage of a volume fails',
    weight: 1,
    inject({ random, state, storage }) {
      void state.snapshot().then(({ volumes }) => storage.failing.add(pick(random, volumes).id));
      return () => storage.failing.clear();
    },
  },
  {
    name: 'slow network',
    weight: 1,
    inject({ random, network }) {
      network.slowness = between(random, 5, 200);
      return () => {
        network.slowness = 1;
      };
    },
  },
  {
    name: 'clock jumps',
    weight: 1,
    inject({ random, nodes, hubs }) {
      const { process } = pick<{ process: SimNode['process'] }>(random, [...nodes, ...hubs]);
      process.wallOffsetMs = between(random, -3_600_000, 3_600_000);
      return () => {};
    },
  },
  {
    name: 'move asked for',
    weight: 2,
    inject({ random, state, nodes }) {
      const to = pick(random, nodes).member.id;
      void state.snapshot().then(({ volumes }) => state.requestMove(pick(random, volumes).id, to));
      return () => {};
    },
  },
  {
    name: 'every volume asked to move',
    weight: 1,
    inject({ random, state, nodes }) {
      void state.snapshot().then(({ volumes }) => {
        for (const { id } of volumes) void state.requestMove(id, pick(random, nodes).member.id);
      });
      return () => void state.snapshot().then(({ volumes }) => volumes.map(({ id }) => state.requestMove(id, null)));
    },
  },
  {
    name: 'another node preferred',
    weight: 1,
    inject({ random, state, nodes }) {
      const preferredNodeId = random.fraction() < 0.8 ? pick(random, nodes).member.id : null;
      void state.snapshot().then(({ volumes }) => state.updateVolume(pick(random, volumes).id, { preferredNodeId }));
      return () => {};
    },
  },
  {
    name: 'fail-back turned on',
    weight: 2,
    inject({ random, state }) {
      void state.setFailBack({ mode: 'auto', afterMs: between(random, 0, 4_000) });
      return () => void (random.fraction() < 0.5 && state.setFailBack({ mode: 'manual', afterMs: 0 }));
    },
  },
  {
    name: 'node stopped in order',
    weight: 2,
    inject({ random, nodes }) {
      const node = pick(random, nodes);
      const { process } = node;
      // As SIGTERM does: it lets its volumes go, and ends; whoever looks after it starts it again.
      process.deliver(() => void node.agent.stop('the node stops').then(() => node.process === process && node.kill()));
      return () => void (node.process.alive || node.start());
    },
  },
  {
    name: 'control plane forgets who listens',
    weight: 1,
    inject({ plane }) {
      plane.trouble = 'deaf';
      return () => {
        plane.trouble = 'none';
      };
    },
  },
  {
    name: 'drain asked for',
    weight: 1,
    inject({ random, state, nodes }) {
      const { id } = pick(random, nodes).member;
      void state.requestDrain(id, true);
      return () => void state.requestDrain(id, false);
    },
  },
];

export const FAULT_NAMES: readonly string[] = FAULTS.map(({ name }) => name);

const both = (a: string, b: string): [string, string][] => [
  [a, b],
  [b, a],
];

function cutAll(network: Network, wires: readonly (readonly [string, string])[]): () => void {
  for (const [from, to] of wires) network.cut(from, to);
  return () => {
    for (const [from, to] of wires) network.mend(from, to);
  };
}

/** In a cluster twice as large twice as much breaks. */
const NODES_PER_PACE = 25;

/** Breaks something every now and then until `end`, several things at once; returns what mends all that is broken then. */
export function breakThings(target: Breakable, end: number): () => void {
  const { world, random, log, counts } = target;
  const open = new Set<() => void>();
  const pace = Math.max(1, target.nodes.length / NODES_PER_PACE);
  const total = FAULTS.reduce((sum, { weight }) => sum + weight, 0);
  const next = (): void => {
    world.in(between(random, 100, 3_000) / pace, () => {
      if (world.now >= end) return;
      let dice = random.fraction() * total;
      const fault = FAULTS.find(({ weight }) => (dice -= weight) < 0)!;
      log(fault.name);
      counts.set(fault.name, (counts.get(fault.name) ?? 0) + 1);
      const inject = fault.inject(target);
      const mend = (): void => {
        if (!open.delete(mend)) return;
        log(`mended: ${fault.name}`);
        inject();
      };
      open.add(mend);
      // Mostly short of every lease and limit, sometimes well past them.
      world.in(random.fraction() < 0.7 ? between(random, 50, 5_000) : between(random, 5_000, 20_000), mend);
      next();
    });
  };
  next();
  return () => {
    for (const mend of [...open]) mend();
  };
}
