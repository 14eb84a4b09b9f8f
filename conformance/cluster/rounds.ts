import type { EmbeddedCluster } from './embedded-cluster.ts';
import { activeNodes, firstSuccess, leader, type Outage, usersOn, wholeAgain } from './faults.ts';
import { ImapClient } from './imap-client.ts';
import { Ledger } from './ledger.ts';

export interface RoundResult {
  readonly outages: readonly Outage[];
  /** Bystanders: IMAP sessions that had nothing to do with what was killed, and how many of them noticed. */
  readonly bystanders: number;
  readonly disturbed: number;
}

export type Fault = 'kill-node' | 'kill-leader' | 'freeze-node';

/** One fault under live load: senders on every hub go on throughout. */
async function faultRound(cluster: EmbeddedCluster, fault: Fault): Promise<RoundResult> {
  return fault === 'kill-leader'
    ? killLeader(cluster)
    : hitNode(cluster, fault === 'kill-node' ? 'SIGKILL' : 'SIGSTOP');
}

async function hitNode(cluster: EmbeddedCluster, signal: NodeJS.Signals): Promise<RoundResult> {
  const [target] = shuffled(activeNodes(cluster));
  if (!target?.pid) throw new Error('no active node to hit');
  const { hubs, demo } = cluster.file;
  const hit = await usersOn(cluster, target.name);
  const spared = demo.users.filter(({ email }) => !hit.some((user) => user.email === email));
  const sessions = await openBystanders(hubs[0]?.ports.imap ?? 0, spared);
  const since = performance.now();
  process.kill(target.pid, signal);
  const ports = hubs.map(({ ports: { imap } }) => imap);
  const outages = await Promise.all(
    hit.map((user, index) => firstSuccess(ports[index % ports.length] as number, user, since)),
  );
  return { outages, ...(await countDisturbed(sessions)) };
}

async function killLeader(cluster: EmbeddedCluster): Promise<RoundResult> {
  const target = leader(cluster);
  const other = cluster.file.hubs.find(({ name, pid }) => name !== target?.name && pid !== null);
  if (!target?.pid || !other) throw new Error('no leading hub to kill, or no other');
  const { users } = cluster.file.demo;
  const sessions = await openBystanders(other.ports.imap, users);
  const since = performance.now();
  process.kill(target.pid, 'SIGKILL');
  const outages = await Promise.all(users.map((user) => firstSuccess(other.ports.imap, user, since)));
  return { outages, ...(await countDisturbed(sessions)) };
}

async function openBystanders(
  port: number,
  users: readonly { readonly email: string; readonly password: string }[],
): Promise<ImapClient[]> {
  const sessions = await Promise.all(users.map((user) => ImapClient.signIn(port, user)));
  await Promise.all(sessions.map((session) => session.ok('SELECT INBOX')));
  return sessions;
}

async function countDisturbed(sessions: readonly ImapClient[]): Promise<{ bystanders: number; disturbed: number }> {
  const answers = await Promise.allSettled(sessions.map((session) => session.ok('NOOP', 5_000)));
  for (const session of sessions) session.close();
  return { bystanders: sessions.length, disturbed: answers.filter(({ status }) => status === 'rejected').length };
}

export interface Campaign {
  readonly results: readonly RoundResult[];
  readonly acknowledged: number;
  readonly refused: number;
  readonly missing: readonly string[];
  readonly altered: readonly string[];
  readonly doubled: readonly string[];
}

/** `rounds` faults one after another over one cluster (started with --restart), senders never pausing; then everything acknowledged is looked for. */
export async function campaign(
  cluster: EmbeddedCluster,
  fault: Fault,
  rounds: number,
  report: (line: string) => void,
): Promise<Campaign> {
  const { hubs, demo } = cluster.file;
  await using ledger = new Ledger();
  const recipients = demo.users.map(({ email }) => email);
  const ports = hubs.map(({ ports: { smtp } }) => smtp);
  for (const port of ports) ledger.startSender([port, ...ports], recipients);
  const results: RoundResult[] = [];
  for (let round = 1; round <= rounds; round++) {
    await wholeAgain(cluster);
    const result = await faultRound(cluster, fault);
    results.push(result);
    report(
      `${fault} ${round}/${rounds}: back after ${result.outages.map(({ milliseconds }) => Math.round(milliseconds)).join(', ')} ms; ${result.disturbed}/${result.bystanders} bystanders disturbed; ${ledger.acknowledged.size} acknowledged`,
    );
  }
  await wholeAgain(cluster);
  await ledger.stop();
  const check = await ledger.check(hubs.at(-1)?.ports.imap ?? 0, demo.users);
  return { results, acknowledged: ledger.acknowledged.size, refused: ledger.refused, ...check };
}

/** Nearest-rank percentile; 0 for nothing. */
export function percentile(values: readonly number[], fraction: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * fraction) - 1)] ?? 0;
}

const shuffled = <T>(items: readonly T[]): T[] =>
  items
    .map((item) => [Math.random(), item] as const)
    .sort((a, b) => a[0] - b[0])
    .map(([, item]) => item);
