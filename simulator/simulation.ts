import { MemoryClusterState } from '#cluster/memory';
import { type Logger, type Random, RELEASE, seededRandom, silentLogger } from '#stdx';
import { Checker, type Figures } from './checker.ts';
import { ControlPlane } from './control-plane.ts';
import { type Breakable, breakThings } from './faults.ts';
import { Network } from './network.ts';
import { SimProcess } from './process.ts';
import { SimControl } from './sim-control.ts';
import { SimHub } from './sim-hub.ts';
import { SimNode as Node, type SimNode, serveWrite } from './sim-node.ts';
import { Storage } from './storage.ts';
import { World } from './world.ts';

type Trace = (line: string) => void;

export interface SimulationOptions {
  readonly seed: number;
  /** Drawn from the seed when absent. */
  readonly hubs?: number;
  readonly nodes?: number;
  readonly volumes?: number;
  /** How long things break; default 20 s of simulated time. */
  readonly faultsMs?: number;
  /** How long everything is healthy afterwards before it must have settled; default 20 s: the storage's lease and a little. */
  readonly healMs?: number;
  /** The laws are checked this often instead of after everything that happens: for clusters so large that looking at all of it costs more than running it. */
  readonly checkEveryMs?: number;
  /** Every fault, and every log line of the code under test. */
  readonly trace?: Trace;
  /** Breaks a law from inside, to see that it is noticed. */
  readonly tampering?: Tampering;
}

/** What the tests of the checkers do to the code under test and what it stands on. */
export interface Tampering {
  /** What nodes take the life of a lease for. */
  readonly ownerLeaseMs?: number;
  /** Hubs' monotonic clocks run so much slower. */
  readonly hubClockRate?: number;
  /** Hubs do not hear of routes any more once so much time has passed. */
  readonly routesUntilMs?: number;
  readonly state?: (state: MemoryClusterState) => void;
  readonly storage?: (storage: Storage) => void;
}

export interface SimulationResult extends Figures {
  readonly seed: number;
  readonly violations: readonly string[];
  readonly steps: number;
  /** By name, how often each fault was brought about. */
  readonly faults: Readonly<Record<string, number>>;
}

const WARM_UP_MS = 4_000;
const FAULTS_MS = 20_000;
const HEAL_MS = 20_000;
const SUPERVISE_EVERY_MS = 500;
/** Each hub writes to each volume about this often, in a cluster of so few hubs and volumes; less often in larger ones. */
const WRITE_EVERY_MS = 400;
const WRITERS_MAX = 2_000;

/** One cluster's life under one seed. */
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  // Errors are how absence is told here, by the hundred thousand; nobody reads their stacks unless tracing.
  if (!options.trace) Error.stackTraceLimit = 0;
  const random = seededRandom(options.seed);
  const world = new World();
  const draw = (least: number, most: number): number => least + Math.floor(random.fraction() * (most - least + 1));
  const { trace, tampering = {} } = options;
  const built = await build(world, random, trace, tampering, {
    hubs: options.hubs ?? draw(1, 3),
    nodes: options.nodes ?? draw(2, 4),
    volumes: options.volumes ?? draw(1, 4),
  });
  const { checker, hubs, nodes, network, plane, storage, state } = built;
  world.onStep =
    options.checkEveryMs === undefined ? () => checker.step() : every(world, options.checkEveryMs, checker);
  state.watch(() => void checker.written());
  const writers = hubs.length * (await state.snapshot()).volumes.length;
  const pauseMs = WRITE_EVERY_MS * Math.max(1, writers / WRITERS_MAX);
  for (const hub of hubs) writeForEver(world, random, hub, nodes, network, checker, pauseMs);

  await world.runUntil(WARM_UP_MS);
  const end = WARM_UP_MS + (options.faultsMs ?? FAULTS_MS);
  const log = (what: string): void => trace?.(`${Math.round(world.now)} FAULT ${what}`);
  const counts = new Map<string, number>();
  const target: Breakable = { world, random, network, plane, storage, state, hubs, nodes, log, counts };
  const mendAll = breakThings(target, end);
  await world.runUntil(end);
  mendAll();
  repair(world, built);
  trace?.(`${Math.round(world.now)} everything is mended`);
  await world.runUntil(end + (options.healMs ?? HEAL_MS));
  await checker.settled();
  const faults = Object.fromEntries(counts);
  return { seed: options.seed, violations: checker.violations, steps: world.steps, faults, ...checker.figures };
}

/** Looks at the first thing that happens after each interval. */
function every(world: World, intervalMs: number, checker: Checker): () => void {
  let next = 0;
  return () => {
    if (world.now < next) return;
    next = world.now + intervalMs;
    checker.step();
  };
}

async function build(
  world: World,
  random: Random,
  trace: Trace | undefined,
  tampering: Tampering,
  sizes: { readonly hubs: number; readonly nodes: number; readonly volumes: number },
) {
  const clock = new SimProcess('world', world);
  const state = new MemoryClusterState(random.uuid(), random.uuid(), clock, random);
  const network = new Network(world, random);
  const plane = new ControlPlane(state, network, world, random);
  const nodes: SimNode[] = [];
  const hubs: SimHub[] = [];
  const checker = new Checker(world, state, hubs, nodes);
  const storage = new Storage(world, (what) => checker.violation(what));
  tampering.state?.(state);
  tampering.storage?.(storage);
  const byId = new Map<string, SimNode>();
  for (let i = 1; i <= sizes.nodes; i++) {
    const endpoint = { host: '127.0.0.1', port: i };
    const member = await state.addNode({
      name: `node${i}`,
      control: endpoint,
      data: endpoint,
      weight: 1,
      eligible: true,
    });
    const node = new Node(
      member,
      world,
      storage,
      random,
      logger(world, member.name, trace),
      (exited) => {
        for (const { control } of hubs) control.exited(exited);
      },
      (told) => {
        for (const { control } of hubs) control.announced(told);
      },
      tampering.ownerLeaseMs,
    );
    nodes.push(node);
    byId.set(member.id, node);
  }
  for (let i = 0; i < sizes.volumes; i++) {
    const mount = { driver: 'local' as const, path: `/v${i}`, args: [] };
    const preferredNodeId = random.fraction() < 0.5 ? (nodes[i % nodes.length]?.member.id ?? null) : null;
    const weight = random.fraction() < 0.8 ? 1 : 3;
    await state.addVolume({ name: `volume${i}`, mount, volumeClass: 's', weight, preferredNodeId, fence: null });
  }
  const makeControl = (process: SimProcess): SimControl =>
    new SimControl(process, byId, network, world, random, (node, grant) => checker.granted(node, grant));
  for (let i = 1; i <= sizes.hubs; i++) {
    const member = { id: `hub-${i}`, name: `hub${i}`, relay: { host: '127.0.0.1', port: 24 }, ...RELEASE };
    hubs.push(new SimHub(member, world, plane, makeControl, random, logger(world, member.name, trace), tampering));
  }
  return { state, network, plane, storage, nodes, hubs, checker };
}

/** From now on nothing is broken, and what ends is started again: a machine that slept may yet find its process killed by its watchdog. */
function repair(world: World, { nodes, hubs, network, plane, storage }: Awaited<ReturnType<typeof build>>): void {
  network.mendAll();
  plane.trouble = 'none';
  storage.failing.clear();
  for (const node of nodes) node.thaw();
  const supervise = (): void => {
    world.in(SUPERVISE_EVERY_MS, supervise);
    for (const member of [...nodes, ...hubs]) {
      member.process.resume();
      if (!member.process.alive) member.start();
    }
  };
  supervise();
}

/** Clients of one hub: each write goes where the hub's map says, and is done or refused. */
function writeForEver(
  world: World,
  random: Random,
  hub: SimHub,
  nodes: readonly SimNode[],
  network: Network,
  checker: Checker,
  pauseMs: number,
): void {
  const byId = new Map(nodes.map((node) => [node.member.id, node]));
  const writeOnce = (volumeId: string, epoch: number, ownerNodeId: string | null): void => {
    const node = ownerNodeId === null ? undefined : byId.get(ownerNodeId);
    if (!node || !network.open(hub.member.name, node.member.name)) return;
    network.carry(hub.member.name, node.member.name, world.now + network.latency(), () =>
      node.process.deliver(() => {
        const process = node.process;
        serveWrite(node, volumeId, epoch).then(
          // Acknowledged as soon as it is said, whether or not it arrives.
          (write) => void (process.alive && checker.acknowledged(write)),
          () => checker.figures.refused++,
        );
      }),
    );
  };
  const next = (): void => {
    world.in(pauseMs * (0.5 + random.fraction()), () => {
      next();
      if (!hub.process.running) return;
      for (const route of hub.routes.values())
        if (route.state === 'serving') writeOnce(route.volumeId, route.epoch, route.ownerNodeId);
    });
  };
  next();
}

function logger(world: World, name: string, trace: Trace | undefined): Logger {
  if (!trace) return silentLogger;
  const say = (level: string) => (fields: object, message: string) =>
    trace(`${Math.round(world.now)} ${name} ${level} ${message} ${JSON.stringify(fields)}`);
  const made: Logger = {
    debug: () => {},
    info: say('info'),
    warn: say('warn'),
    error: say('error'),
    child: () => made,
  };
  return made;
}
