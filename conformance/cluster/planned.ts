import { until } from '#testing';
import type { EmbeddedCluster } from './embedded-cluster.ts';
import { wholeAgain } from './faults.ts';
import { ImapClient } from './imap-client.ts';
import { Ledger } from './ledger.ts';
import type { Door } from './lines.ts';

/** What users noticed of a change made by plan, under load: nothing, it should be. */
export interface PlannedReport {
  readonly sessions: number;
  readonly disconnected: number;
  readonly acknowledged: number;
  /** Deliveries that were refused or broken off. */
  readonly refused: number;
  readonly missing: readonly string[];
  readonly altered: readonly string[];
  readonly doubled: readonly string[];
  /** By the leader's clock, from its decision to the new owner serving. Empty where nobody decided. Milliseconds. */
  readonly switchoversMs: readonly number[];
  /** The longest each session waited for one answer. Milliseconds. */
  readonly longestWaitsMs: readonly number[];
}

const SESSIONS_PER_USER = 4;
const COMMAND_EVERY_MS = 20;

/** A user at work: one command after the other, all of whose answers must be right. */
export class Worker {
  longestMs = 0;
  disconnected = false;
  private stopped = false;
  private readonly done: Promise<void>;

  private constructor(private readonly client: ImapClient) {
    this.done = this.work();
  }

  static async start(door: Door, user: { readonly email: string; readonly password: string }): Promise<Worker> {
    const client = await ImapClient.signIn(door, user);
    await client.ok('SELECT INBOX');
    return new Worker(client);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.done;
    this.client.close();
  }

  private async work(): Promise<void> {
    const commands = ['NOOP', 'FETCH 1 (UID FLAGS)', 'STATUS INBOX (MESSAGES)'];
    try {
      for (let number = 0; !this.stopped; number++) {
        const since = performance.now();
        await this.client.ok(commands[number % commands.length] ?? 'NOOP', 60_000);
        this.longestMs = Math.max(this.longestMs, performance.now() - since);
        await new Promise((resolve) => setTimeout(resolve, COMMAND_EVERY_MS));
      }
    } catch {
      this.disconnected = true;
    }
  }
}

/** Senders on every hub and sessions of every user go on throughout `change`. */
export async function underLoad(
  cluster: EmbeddedCluster,
  change: () => Promise<readonly number[]>,
): Promise<PlannedReport> {
  const { hubs, demo } = cluster.file;
  await wholeAgain(cluster);
  await using ledger = new Ledger();
  const recipients = demo.users.map(({ email }) => email);
  for (const { ports } of hubs) ledger.startSender([ports.smtp], recipients);
  const workers = await Promise.all(
    demo.users.flatMap((user) =>
      Array.from({ length: SESSIONS_PER_USER }, (_, at) => Worker.start(hubs[at % hubs.length]?.ports.imap ?? 0, user)),
    ),
  );
  const switchoversMs = await change();
  await Promise.all(workers.map((worker) => worker.stop()));
  await ledger.stop();
  const { missing, altered, doubled } = await ledger.check(hubs.at(-1)?.ports.imap ?? 0, demo.users);
  return {
    sessions: workers.length,
    disconnected: workers.filter(({ disconnected }) => disconnected).length,
    acknowledged: ledger.acknowledged.size,
    refused: ledger.refused,
    missing,
    altered,
    doubled,
    switchoversMs,
    longestWaitsMs: workers.map(({ longestMs }) => longestMs),
  };
}

/** Every node is told to stop and started again (the cluster runs with --restart), one after the other. */
export function rollingRestart(cluster: EmbeddedCluster, report: (line: string) => void): Promise<PlannedReport> {
  return underLoad(cluster, async () => {
    for (const { name } of cluster.file.nodes) {
      const pidNow = (): number | null | undefined => cluster.file.nodes.find((node) => node.name === name)?.pid;
      const pid = pidNow();
      if (!pid) throw new Error(`${name} is not running`);
      process.kill(pid, 'SIGTERM');
      await until(`${name} to be started again`, () => pidNow() !== pid && pidNow() !== null, 60_000);
      await wholeAgain(cluster);
      report(`${name} restarted`);
    }
    return [];
  });
}

interface Status {
  readonly nodes: readonly { readonly name: string }[];
  readonly volumes: readonly { readonly id: string; readonly owner: string | null }[];
  readonly events: readonly { readonly id: number; readonly kind: string; readonly durationMs: number | null }[];
}

/** Volumes move from node to node, `count` times in all. */
export function switchovers(
  cluster: EmbeddedCluster,
  count: number,
  report: (line: string) => void,
): Promise<PlannedReport> {
  return underLoad(cluster, async () => {
    const took: number[] = [];
    for (let number = 0; number < count; number++) {
      const { nodes, volumes, events } = (await cluster.cli('cluster', 'status')) as Status;
      const volume = volumes[number % volumes.length];
      const from = nodes.findIndex(({ name }) => name === volume?.owner);
      const to = nodes[(from + 1) % nodes.length];
      if (!volume || !to) throw new Error('nothing to move');
      await cluster.cli('volume', 'move', volume.id, '--to', to.name, '--wait');
      const last = events.at(-1)?.id ?? 0;
      const durationMs = await until('the leader to have said how long it took', async () => {
        const since = await cluster.cli('cluster', 'events', '--after', String(last));
        return (since as Status['events']).find(({ kind }) => kind === 'switchoverDone')?.durationMs ?? undefined;
      });
      took.push(durationMs);
      report(`switchover ${number + 1}/${count}: ${Math.round(durationMs)} ms`);
    }
    return took;
  });
}
