import { until } from '#testing';
import type { ClusterFile, EmbeddedCluster } from './embedded-cluster.ts';
import { ImapClient } from './imap-client.ts';
import type { Door } from './lines.ts';

/** How long users of a volume were without service: from the fault to the first successful command through a hub. */
export interface Outage {
  readonly milliseconds: number;
}

type User = ClusterFile['demo']['users'][number];

/** Signs in, selects and fetches until it works. */
export async function firstSuccess(door: Door, user: User, since: number): Promise<Outage> {
  for (;;) {
    try {
      const client = await ImapClient.signIn(door, user);
      await client.ok('SELECT INBOX', 5_000);
      const milliseconds = performance.now() - since;
      client.close();
      return { milliseconds };
    } catch {
      if (performance.now() - since > 60_000) throw new Error(`no service for ${user.email} after 60 s`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

/** Users by the node that serves them now. */
export async function usersOn(cluster: EmbeddedCluster, nodeName: string): Promise<readonly User[]> {
  const { demo, nodes } = cluster.file;
  const volumes = new Set(nodes.find(({ name }) => name === nodeName)?.volumes);
  const homes = await Promise.all(
    demo.users.map(async (user) => ({
      user,
      volume: ((await cluster.cli('account', 'show', user.email)) as { volume: string }).volume,
    })),
  );
  return homes.filter(({ volume }) => volumes.has(volume)).map(({ user }) => user);
}

export function activeNodes(cluster: EmbeddedCluster): ClusterFile['nodes'] {
  return cluster.file.nodes.filter(({ state, pid }) => state === 'active' && pid !== null);
}

export function leader(cluster: EmbeddedCluster): ClusterFile['hubs'][number] | undefined {
  return cluster.file.hubs.find(({ leader: leads }) => leads);
}

/** With `--restart` a killed member comes back; waits until all of them are there and every volume has an owner. */
export async function wholeAgain(cluster: EmbeddedCluster): Promise<void> {
  await until('every hub and node to be back', () => isWhole(cluster).catch(() => false), 60_000);
}

async function isWhole(cluster: EmbeddedCluster): Promise<boolean> {
  const { hubs, nodes } = cluster.file;
  if (!hubs.every(({ pid }) => pid !== null) || !nodes.every(({ pid, state }) => pid !== null && state !== 'down'))
    return false;
  // A hub that has come back has a pid before it listens.
  for (const { ports } of hubs) (await ImapClient.open(ports.imap)).close();
  const status = (await cluster.cli('cluster', 'status')) as {
    volumes: { state: string }[];
    nodes: { state: string }[];
  };
  return (
    status.volumes.every(({ state }) => state === 'serving') &&
    status.nodes.every(({ state }) => state !== 'down' && state !== 'stopped') &&
    leader(cluster) !== undefined
  );
}
