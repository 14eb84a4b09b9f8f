import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';

/** One machine of the network: a Linux network namespace with an address of its own. */
export interface Host {
  readonly name: string;
  readonly address: string;
  readonly namespace: string;
}

/** One direction of the line between two machines. */
export type Line = readonly [from: string, to: string];

interface Place extends Host {
  readonly mac: string;
}

const RUN_FOLDER = '/run/netns';
const PREFIX = 'rk-';
/** Nobody's: the bridge carries frames for it to every machine, and each of them drops them. */
const NOWHERE = '02:de:ad:00:00:01';
/** Where the tests themselves are, as mail programs and operators. */
const OUTSIDE = 250;

/** Why there can be no network of namespaces here; `undefined` when there can. */
export function whyNoNetwork(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root: network namespaces';
  for (const program of ['ip', 'nsenter'])
    if (spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0) return `needs the program ${program}`;
  const trial = `${PREFIX}${process.pid}-trial`;
  const { status, stderr } = spawnSync('ip', ['netns', 'add', trial], { encoding: 'utf8' });
  spawnSync('ip', ['netns', 'delete', trial]);
  return status === 0 ? undefined : `no network namespaces here: ${stderr.trim()}`;
}

/**
 * Machines joined by a bridge, each in a network namespace, so that lines between them can be cut. Addresses of the others
 * are told to each machine by hand (permanent neighbours, no ARP); a line is cut in one direction by telling its sender a
 * hardware address that nobody has. What is sent then is lost without a word, as with a pulled cable: connections stay
 * open, and go on once the line is healed.
 */
export class Network implements AsyncDisposable {
  private constructor(
    private readonly bridge: string,
    private readonly places: ReadonlyMap<string, Place>,
  ) {}

  static async create(names: readonly string[]): Promise<Network> {
    await sweep();
    const bridge = `${PREFIX}${process.pid}`;
    const net = await freeNet();
    const places = new Map(
      names.map((name, index): [string, Place] => {
        const number = index + 1;
        const mac = `02:00:0a:4d:${hex(net)}:${hex(number)}`;
        return [name, { name, address: `10.77.${net}.${number}`, namespace: `${bridge}-${name}`, mac }];
      }),
    );
    const network = new Network(bridge, places);
    try {
      await ip([
        `link add ${bridge} type bridge`,
        `addr add 10.77.${net}.${OUTSIDE}/24 dev ${bridge}`,
        `link set ${bridge} up`,
      ]);
      for (const [index, place] of [...places.values()].entries()) await network.plug(place, `${bridge}.${index}`);
      return network;
    } catch (error) {
      await network[Symbol.asyncDispose]();
      throw error;
    }
  }

  host(name: string): Host {
    return this.place(name);
  }

  /** How to run a command on a machine: it is the command's own process, not a child of another. */
  on(name: string): readonly string[] {
    return ['nsenter', `--net=${RUN_FOLDER}/${this.place(name).namespace}`];
  }

  /** Nothing passes on these lines from now on. */
  async cut(lines: readonly Line[]): Promise<void> {
    await this.tell(lines, () => NOWHERE);
  }

  async heal(lines: readonly Line[]): Promise<void> {
    await this.tell(lines, ({ mac }) => mac);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { namespace } of this.places.values())
      if (existsSync(`${RUN_FOLDER}/${namespace}`)) await ip([`netns delete ${namespace}`]);
    if (existsSync(`/sys/class/net/${this.bridge}`)) await ip([`link delete ${this.bridge}`]);
  }

  private async plug({ namespace, address, mac }: Place, port: string): Promise<void> {
    await ip([
      `netns add ${namespace}`,
      `link add ${port} type veth peer name eth0 address ${mac} netns ${namespace}`,
      `link set ${port} master ${this.bridge} up`,
    ]);
    const others = [...this.places.values()].filter((other) => other.namespace !== namespace);
    await ip(
      [
        'link set lo up',
        `addr add ${address}/24 dev eth0`,
        'link set eth0 up',
        ...others.map((other) => neighbour(other, other.mac)),
      ],
      namespace,
    );
  }

  /** Who sends on each line is told where to send. */
  private async tell(lines: readonly Line[], macOf: (to: Place) => string): Promise<void> {
    const bySender = Map.groupBy(lines, ([from]) => from);
    await Promise.all(
      [...bySender].map(([from, those]) => {
        const commands = those.map(([, to]) => neighbour(this.place(to), macOf(this.place(to))));
        return ip(commands, this.place(from).namespace);
      }),
    );
  }

  private place(name: string): Place {
    const place = this.places.get(name);
    if (!place) throw new Error(`no machine ${name} in this network`);
    return place;
  }
}

/** Both directions between `one` and each of `others`. */
export const between = (one: string, others: readonly string[]): readonly Line[] =>
  others.flatMap((other): Line[] => [
    [one, other],
    [other, one],
  ]);

const neighbour = ({ address }: Place, mac: string): string =>
  `neighbour replace ${address} lladdr ${mac} dev eth0 nud permanent`;

const hex = (number: number): string => number.toString(16).padStart(2, '0');

/** Commands of ip(8), in one process. */
async function ip(commands: readonly string[], namespace?: string): Promise<void> {
  const child = spawn('ip', [...(namespace === undefined ? [] : ['-netns', namespace]), '-batch', '-'], {
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  child.stdin.end(`${commands.join('\n')}\n`);
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`ip ${commands.join('; ')}: ${errors.trim()}`);
}

/** What runs that were killed have left behind. */
async function sweep(): Promise<void> {
  const names = [...(existsSync(RUN_FOLDER) ? readdirSync(RUN_FOLDER) : []), ...readdirSync('/sys/class/net')];
  for (const name of names) {
    const pid = new RegExp(`^${PREFIX}(\\d+)(-|$)`).exec(name)?.[1];
    if (pid === undefined || existsSync(`/proc/${pid}`)) continue;
    await ip([name.includes('-', PREFIX.length) ? `netns delete ${name}` : `link delete ${name}`]).catch(() => {});
  }
}

/** Third number of an address range 10.77.x.0/24 that no network here uses. */
async function freeNet(): Promise<number> {
  const { stdout } = spawnSync('ip', ['route', 'show'], { encoding: 'utf8' });
  for (let step = 0; step < 256; step++) {
    const net = (process.pid + step) % 256;
    if (!stdout.includes(`10.77.${net}.0/24`)) return net;
  }
  throw new Error('every network from 10.77.0.0/24 on is taken');
}
