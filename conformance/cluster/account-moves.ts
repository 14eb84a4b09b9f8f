import { createHash } from 'node:crypto';
import { until } from '#testing';
import type { ClusterFile, EmbeddedCluster } from './embedded-cluster.ts';
import { leader, wholeAgain } from './faults.ts';
import { ImapClient } from './imap-client.ts';
import { Ledger } from './ledger.ts';
import { Worker } from './planned.ts';
import { rest } from './rest.ts';

type User = ClusterFile['demo']['users'][number];

/** Who is killed while an account moves. */
export type Victim = 'nobody' | 'source' | 'target' | 'leader';

export interface AccountMoveReport {
  readonly state: string;
  /** State of the move when somebody was killed; empty when nobody was. */
  readonly killedWhile: string;
  readonly heldMs: number | null;
  readonly disconnected: number;
  readonly acknowledged: number;
  readonly refused: number;
  readonly missing: readonly string[];
  readonly altered: readonly string[];
  readonly doubled: readonly string[];
  /** Messages that were there before and are not the same afterwards, by uid. */
  readonly changed: readonly number[];
}

interface Move {
  readonly id: string;
  readonly state: string;
  readonly heldMs: number | null;
}
interface Status {
  readonly cluster: { readonly id: string };
  readonly volumes: readonly { readonly id: string; readonly name: string; readonly owner: string | null }[];
}

const SESSIONS = 6;
/** About 30 MB: long enough to be met on its way. */
const BULK = { messages: 300, bytes: 100_000 };

/**
 * Moves one user's account to another volume while he reads and gets mail, and kills somebody `afterMs` after copying has
 * begun. The cluster runs with --restart, so that who was killed comes back.
 */
export async function moveAccount(
  cluster: EmbeddedCluster,
  user: User,
  victim: Victim,
  afterMs: number,
): Promise<AccountMoveReport> {
  await wholeAgain(cluster);
  const { hubs } = cluster.file;
  const surviving = hubs.filter(({ name }) => victim !== 'leader' || name !== leader(cluster)?.name);
  const imap = surviving[0]?.ports.imap ?? 0;
  await fill(imap, user);
  const before = await digests(imap, user);
  const home = ((await cluster.cli('account', 'show', user.email)) as { volume: string }).volume;
  const {
    volumes,
    cluster: { id: clusterId },
  } = (await cluster.cli('cluster', 'status')) as Status;
  const from = volumes.find(({ id }) => id === home);
  const to = volumes.find(({ id }) => id !== home);
  if (!from || !to) throw new Error('no volume to move to');

  await using ledger = new Ledger();
  for (const { ports } of surviving) ledger.startSender([ports.smtp], [user.email]);
  const workers = await Promise.all(
    Array.from({ length: SESSIONS }, (_, at) => Worker.start(surviving[at % surviving.length]?.ports.imap ?? 0, user)),
  );
  const { id } = await rest<Move>(cluster, 'POST', '/moves', { account: user.email, to: to.id });
  const now = (): Promise<Move> => rest(cluster, 'GET', `/clusters/${clusterId}/moves/${id}`);
  let killedWhile = '';
  if (victim !== 'nobody') {
    await until('the copy to have begun', async () => (await now()).state !== 'waiting');
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    kill(cluster, victim, { source: from.owner, target: to.owner });
    killedWhile = (await now()).state;
  }
  const move = await until(
    'the account to have moved',
    async () => {
      const seen = await now();
      return ['forgetting', 'done', 'failed'].includes(seen.state) ? seen : undefined;
    },
    60_000,
  );
  await Promise.all(workers.map((worker) => worker.stop()));
  await ledger.stop();
  await wholeAgain(cluster);
  const { missing, altered, doubled } = await ledger.check(imap, [user]);
  const after = await digests(imap, user);
  return {
    state: move.state,
    killedWhile,
    heldMs: move.heldMs,
    disconnected: workers.filter(({ disconnected }) => disconnected).length,
    acknowledged: ledger.acknowledged.size,
    refused: ledger.refused,
    ...{ missing, altered, doubled },
    changed: [...before].filter(([uid, digest]) => after.get(uid) !== digest).map(([uid]) => uid),
  };
}

function kill(
  cluster: EmbeddedCluster,
  victim: Victim,
  owners: { readonly source: string | null; readonly target: string | null },
): void {
  const { nodes } = cluster.file;
  const name = victim === 'source' ? owners.source : owners.target;
  const pid = victim === 'leader' ? leader(cluster)?.pid : nodes.find((node) => node.name === name)?.pid;
  if (!pid) throw new Error(`no ${victim} to kill`);
  process.kill(pid, 'SIGKILL');
}

async function fill(port: number, user: User): Promise<void> {
  const client = await ImapClient.signIn(port, user);
  const { tagged } = await client.command('CREATE Bulk');
  if (tagged.startsWith('OK')) {
    const body = `Subject: bulk\r\n\r\n${`${'b'.repeat(70)}\r\n`.repeat(BULK.bytes / 72)}`;
    for (let number = 0; number < BULK.messages; number++) {
      const text = `X-Number: ${number}\r\n${body}`;
      await client.ok(`APPEND Bulk {${text.length}+}\r\n${text}`);
    }
  }
  client.close();
}

/** Of every message in INBOX and Bulk: uid → what the server gives of it. Uids of Bulk are counted from a million. */
async function digests(port: number, user: User): Promise<ReadonlyMap<number, string>> {
  const client = await ImapClient.signIn(port, user);
  const found = new Map<number, string>();
  for (const [mailbox, base] of [
    ['INBOX', 0],
    ['Bulk', 1_000_000],
  ] as const)
    for (const [uid, bytes] of await client.bodies(mailbox))
      found.set(base + uid, createHash('sha256').update(bytes).digest('hex'));
  client.close();
  return found;
}
