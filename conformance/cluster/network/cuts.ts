import { between, type Line } from './network.ts';

/** Who is who when lines are cut. */
export interface Scene {
  readonly leader: string;
  readonly followers: readonly string[];
  /** An active node. */
  readonly target: string;
  readonly nodes: readonly string[];
  /** Machines with PostgreSQL, Redis, the API, and the storage if it has its own. */
  readonly services: readonly string[];
}

/** Lines that are cut, and what must come of it. */
export interface Cut {
  readonly lines: readonly Line[];
  /** Its volumes must have another owner while the lines are still cut. */
  readonly lost?: string;
  /** Another hub must lead while the lines are still cut. */
  readonly deposed?: string;
  /** Pairs of hub and node between which there is no road: who signs in there waits until the lines are healed. */
  readonly apart?: readonly Line[];
  /** The lines come back for a moment again and again, and this node's volumes may change hands or not. */
  readonly flapping?: string;
  /** Its process is killed as well: with no lines, instead. */
  readonly killed?: string;
}

const hubsOf = ({ leader, followers }: Scene): readonly string[] => [leader, ...followers];
const everybodyBut = (scene: Scene, one: string): readonly string[] =>
  [...hubsOf(scene), ...scene.nodes, ...scene.services].filter((name) => name !== one);
const first = ([name]: readonly string[]): string => name ?? '';

/** Every kind of cut, by name. */
export const CUTS: Readonly<Record<string, (scene: Scene) => Cut>> = {
  // Most hubs hear the node: it stays, and only who comes in at the one hub waits.
  'leader-node': ({ leader, target }) => ({
    lines: between(target, [leader]),
    apart: [[leader, target]],
  }),
  'follower-node': ({ followers, target }) => ({
    lines: between(target, [first(followers)]),
    apart: [[first(followers), target]],
  }),
  // One hub alone hears the node: it is overruled.
  'most-hubs-node': ({ leader, followers, target }) => ({
    lines: between(target, [leader, ...followers.slice(1)]),
    lost: target,
  }),
  'all-hubs-node': (scene) => ({ lines: between(scene.target, hubsOf(scene)), lost: scene.target }),
  // A host that falls silent.
  'node-alone': (scene) => ({ lines: between(scene.target, everybodyBut(scene, scene.target)), lost: scene.target }),
  // One direction only: the node hears the hubs, and they do not hear it; and the other way round.
  'node-unheard': (scene) => ({
    lines: hubsOf(scene).map((hub): Line => [scene.target, hub]),
    lost: scene.target,
  }),
  'node-deaf': (scene) => ({ lines: hubsOf(scene).map((hub): Line => [hub, scene.target]), lost: scene.target }),
  'node-flapping': (scene) => ({
    lines: between(scene.target, hubsOf(scene)),
    apart: hubsOf(scene).map((hub): Line => [hub, scene.target]),
    flapping: scene.target,
  }),
  'leader-postgres': ({ leader }) => ({ lines: between(leader, ['postgres']), deposed: leader }),
  // What the leader asks for is done, and it never learns of it.
  'leader-deaf-to-postgres': ({ leader }) => ({ lines: [['postgres', leader]], deposed: leader }),
  'hubs-postgres': (scene) => ({ lines: between('postgres', hubsOf(scene)) }),
  'node-killed': ({ target }) => ({ lines: [], killed: target, lost: target }),
  'nodes-services': ({ nodes }) => ({ lines: nodes.flatMap((node) => between(node, ['postgres', 'redis', 'api'])) }),
  'hubs-redis': (scene) => ({ lines: between('redis', hubsOf(scene)) }),
  'hub-hub': ({ leader, followers }) => ({ lines: between(leader, followers) }),
  'leader-alone': (scene) => ({
    lines: between(scene.leader, everybodyBut(scene, scene.leader)),
    deposed: scene.leader,
    apart: scene.nodes.map((node): Line => [scene.leader, node]),
  }),
};
