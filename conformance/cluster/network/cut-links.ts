import { seededRandom } from '#stdx';
import { until } from '#testing';
import { firstSuccess } from '../faults.ts';
import { Ledger } from '../ledger.ts';
import { Worker } from '../planned.ts';
import { CUTS, type Cut, type Scene } from './cuts.ts';
import type { NetworkedCluster, NetworkedUser, Status } from './networked-cluster.ts';

/** Lines stay cut so long at least: longer than any lease, and than a control connection may be silent. */
const CUT_MS = 6_000;
/** Until a volume has another owner, or the cluster another leader. */
const HEALED_MS_MAX = 30_000;
/** A line that flaps: too short for a reconnect to be sure of, too long for three probes. */
const FLAPPING = { openMs: 400, cutMs: 900 };
/** Who has nothing to do with a cut may wait so long for one answer: this machine is shared. */
const UNDISTURBED_MS_MAX = 2_000;

export interface CutRound {
  readonly kind: string;
  /** Volumes that changed hands: from the cut to the first successful sign-in of each of their users, at each hub. Milliseconds. */
  readonly takenMs: readonly number[];
  /** Where the road was gone: from the healing to the same. Milliseconds. */
  readonly rejoinedMs: readonly number[];
  /** From the cut to another hub leading. Milliseconds. */
  readonly ledAgainMs: number | undefined;
  /** Sessions that had nothing to do with it, those of them that noticed, and the longest any of them waited. */
  readonly bystanders: number;
  readonly disturbed: number;
  readonly longestMs: number;
  /** Sessions of volumes that changed hands or could not be reached, and those of them that ended. */
  readonly concerned: number;
  readonly ended: number;
}

export interface CutCampaign {
  readonly rounds: readonly CutRound[];
  readonly acknowledged: number;
  readonly refused: number;
  readonly missing: readonly string[];
  readonly altered: readonly string[];
  readonly doubled: readonly string[];
}

/** `count` cuts one after another, drawn from `kinds` by `seed`, with senders on every hub that never pause. */
export async function cutLinks(
  cluster: NetworkedCluster,
  options: { readonly seed: number; readonly count: number; readonly kinds?: readonly string[] },
  report: (line: string) => void,
): Promise<CutCampaign> {
  const random = seededRandom(options.seed);
  const { kinds = Object.keys(CUTS) } = options;
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random.fraction() * items.length)] as T;
  await using ledger = new Ledger();
  const { hubs, users } = cluster;
  for (const hub of hubs)
    ledger.startSender(
      [hub, ...hubs].map((name) => cluster.smtp(name)),
      users.map(({ email }) => email),
      20,
    );
  const rounds: CutRound[] = [];
  let left: string[] = [];
  for (let number = 1; number <= options.count; number++) {
    const status = await wholeAgain(cluster);
    // Every kind once before any comes again.
    if (left.length === 0) left = [...kinds];
    const kind = pick(left);
    left = left.filter((other) => other !== kind);
    const scene = sceneOf(cluster, status, pick);
    const round = await cutRound(cluster, kind, scene, status);
    rounds.push(round);
    report(`${number}/${options.count} ${kind} (${scene.leader} leads, ${scene.target}): ${described(round)}`);
  }
  await wholeAgain(cluster);
  await ledger.stop();
  const check = await ledger.check(cluster.imap(hubs[0] as string), users);
  return { rounds, acknowledged: ledger.acknowledged.size, refused: ledger.refused, ...check };
}

function sceneOf(cluster: NetworkedCluster, status: Status, pick: <T>(items: readonly T[]) => T): Scene {
  const leader = leaderOf(status) ?? '';
  const active = [...new Set(status.volumes.map(({ owner }) => owner ?? ''))].sort();
  return {
    leader,
    followers: cluster.hubs.filter((hub) => hub !== leader),
    target: pick(active),
    nodes: cluster.nodes,
    services: cluster.services,
  };
}

const leaderOf = ({ hubs }: Status): string | undefined => hubs.find(({ leader }) => leader)?.name;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A hub, a user, and what the cut does to the road between them. */
interface Seat {
  readonly hub: string;
  readonly user: NetworkedUser;
  readonly fate: 'spared' | 'taken' | 'apart';
}

async function cutRound(cluster: NetworkedCluster, kind: string, scene: Scene, before: Status): Promise<CutRound> {
  const cut = CUTS[kind]?.(scene);
  if (!cut) throw new Error(`no cut is called ${kind}; there are ${Object.keys(CUTS).join(', ')}`);
  const seats = seatsOf(cluster, cut, before);
  const workers = await Promise.all(seats.map(({ hub, user }) => Worker.start(cluster.imap(hub), user)));
  const cutAt = performance.now();
  if (cut.killed !== undefined) await cluster.kill(cut.killed);
  await cluster.network.cut(cut.lines);
  let healedAt = Number.NaN;
  let rejoining: Promise<number>[] = [];
  let takenMs: number[] = [];
  let ledAgainMs: number | undefined;
  try {
    const taken = Promise.all(seats.filter(({ fate }) => fate === 'taken').map((seat) => served(cluster, seat, cutAt)));
    rejoining = seats
      .filter(({ fate }) => fate === 'apart')
      .map((seat) => served(cluster, seat, cutAt).then((ms) => cutAt + ms));
    for (const each of rejoining) each.catch(() => {});
    [takenMs, ledAgainMs] = await Promise.all([taken, ledAgain(cluster, cut, cutAt)]);
    await hold(cluster, cut, cutAt + CUT_MS);
    const wrong = judge(cut, before, await cluster.status());
    if (wrong !== undefined) throw new Error(`${kind}: ${wrong}\n${lastLines(cluster)}`);
  } finally {
    await cluster.network.heal(cut.lines);
    healedAt = performance.now();
  }
  const rejoinedMs = (await Promise.all(rejoining)).map((at) => Math.max(0, at - healedAt));
  for (const worker of workers) await worker.stop();
  const those = (spared: boolean): readonly Worker[] =>
    workers.filter((_, index) => (seats[index]?.fate === 'spared') === spared);
  const [bystanders, concerned] = [those(true), those(false)];
  return {
    kind,
    takenMs,
    rejoinedMs,
    ledAgainMs,
    bystanders: bystanders.length,
    disturbed: bystanders.filter(({ disconnected, longestMs }) => disconnected || longestMs > UNDISTURBED_MS_MAX)
      .length,
    longestMs: Math.max(0, ...bystanders.map(({ longestMs }) => longestMs)),
    concerned: concerned.length,
    ended: concerned.filter(({ disconnected }) => disconnected).length,
  };
}

async function hold({ network }: NetworkedCluster, { lines, flapping }: Cut, until: number): Promise<void> {
  for (let open = true; performance.now() < until; open = !open) {
    const ms = flapping === undefined ? until - performance.now() : open ? FLAPPING.openMs : FLAPPING.cutMs;
    if (flapping !== undefined) await (open ? network.heal(lines) : network.cut(lines));
    await sleep(ms);
  }
  // What comes of it is looked at when it has settled.
  if (flapping !== undefined) {
    await network.heal(lines);
    await sleep(CUT_MS / 2);
  }
}

/** Every user at every hub. */
function seatsOf(cluster: NetworkedCluster, cut: Cut, { volumes }: Status): readonly Seat[] {
  return cluster.hubs.flatMap((hub) =>
    cluster.users.map((user): Seat => {
      const owner = volumes.find(({ name }) => name === user.volume)?.owner;
      const apart = cut.apart?.some(([from, to]) => from === hub && to === owner) ?? false;
      return { hub, user, fate: apart ? 'apart' : owner === cut.lost ? 'taken' : 'spared' };
    }),
  );
}

async function served(cluster: NetworkedCluster, { hub, user }: Seat, since: number): Promise<number> {
  return (await firstSuccess(cluster.imap(hub), user, since)).milliseconds;
}

async function ledAgain(cluster: NetworkedCluster, { deposed }: Cut, since: number): Promise<number | undefined> {
  if (deposed === undefined) return undefined;
  const another = async (): Promise<boolean> => {
    const leader = leaderOf(await cluster.status());
    return leader !== undefined && leader !== deposed;
  };
  await until(`another hub than ${deposed} to lead`, another, HEALED_MS_MAX);
  return performance.now() - since;
}

/** While the lines are still cut: who was to be taken over was, and nobody else. What is wrong, if anything. */
function judge(cut: Cut, before: Status, now: Status): string | undefined {
  for (const { name, owner, epoch } of before.volumes) {
    const volume = now.volumes.find((other) => other.name === name);
    if (owner === cut.flapping) continue;
    if (owner !== cut.lost) {
      if (volume?.owner !== owner || volume?.epoch !== epoch)
        return `${name} went from ${owner} to ${volume?.owner} though its owner was well`;
    } else if (volume?.epoch === epoch || volume?.state !== 'serving') {
      return `${name} is ${volume?.state} with ${volume?.owner} though ${owner} is cut off`;
    }
  }
  return undefined;
}

const LAST_LINES = 25;

/** What the nodes said last: how it came to what is wrong. */
function lastLines(cluster: NetworkedCluster): string {
  return cluster.nodes
    .map((node) => `${node}:\n${cluster.log(node).trimEnd().split('\n').slice(-LAST_LINES).join('\n')}`)
    .join('\n');
}

/** Everybody is there again, and every user is served at every hub. */
async function wholeAgain(cluster: NetworkedCluster): Promise<Status> {
  const status = await until(
    'every hub and node to be back',
    async () => {
      const now = await cluster.status();
      const well =
        leaderOf(now) !== undefined &&
        now.hubs.every(({ state }) => state === 'up') &&
        now.nodes.every(({ state }) => state === 'active' || state === 'standby') &&
        cluster.isServed(now);
      return well && now;
    },
    60_000,
  );
  const since = performance.now();
  for (const hub of cluster.hubs)
    await Promise.all(cluster.users.map((user) => firstSuccess(cluster.imap(hub), user, since)));
  return status;
}

function described(round: CutRound): string {
  const list = (values: readonly number[]): string => values.map((value) => Math.round(value)).join(', ');
  const { takenMs, rejoinedMs, ledAgainMs, bystanders, disturbed, longestMs, concerned, ended } = round;
  return [
    ...(takenMs.length > 0 ? [`served again after ${list(takenMs)} ms`] : []),
    ...(rejoinedMs.length > 0 ? [`${list(rejoinedMs)} ms after healing`] : []),
    ...(ledAgainMs === undefined ? [] : [`led again after ${Math.round(ledAgainMs)} ms`]),
    ...(concerned > 0 ? [`${ended}/${concerned} sessions concerned ended`] : []),
    `${disturbed}/${bystanders} bystanders disturbed, longest wait ${Math.round(longestMs)} ms`,
  ].join('; ');
}
