import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { type ClusterSnapshot, isGone } from '#cluster/api';
import type { HubPlace, Layout } from './layout.ts';
import type { MemberProcess } from './member-process.ts';
import type { Secrets } from './secrets.ts';

/** All that `cluster.json` tells scripts (docs: README). */
export interface ClusterFileInput {
  readonly layout: Layout;
  readonly hubs: readonly MemberProcess[];
  readonly nodes: readonly MemberProcess[];
  readonly api: MemberProcess;
  readonly billing: MemberProcess;
  readonly postgresUrl: string;
  readonly redisUrl: string;
  readonly secrets: Secrets;
  readonly snapshot: ClusterSnapshot;
}

/** Written whole to a second file and renamed over the first, so that a reader never sees half. */
export function writeClusterFile(input: ClusterFileInput): void {
  const { layout, secrets } = input;
  const content = {
    hubs: input.hubs.map((hub, index) => describeHub(input, hub, layout.hubs[index] as HubPlace)),
    nodes: input.nodes.map((node) => describeNode(input, node)),
    api: { pid: input.api.pid, url: `http://127.0.0.1:${layout.apiPort}` },
    billing: { pid: input.billing.pid },
    postgres: { url: input.postgresUrl },
    redis: { url: input.redisUrl },
    operator: secrets.operator,
    ...(secrets.demo
      ? {
          demo: {
            partner: secrets.demo.partner,
            apiKey: secrets.demo.apiKey,
            domain: secrets.demo.domain,
            users: secrets.demo.users,
          },
        }
      : {}),
  };
  const next = `${layout.clusterFile}.next`;
  writeFileSync(next, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  renameSync(next, layout.clusterFile);
}

export function removeClusterFile(layout: Layout): void {
  rmSync(layout.clusterFile, { force: true });
}

function describeHub({ snapshot }: ClusterFileInput, hub: MemberProcess, place: HubPlace): object {
  const member = snapshot.hubs.find(({ name }) => name === hub.name);
  const leads = member !== undefined && snapshot.leader?.holderHubId === member.id;
  return { name: hub.name, pid: hub.pid, leader: leads && hub.isRunning(), ports: place.ports };
}

function describeNode({ snapshot }: ClusterFileInput, node: MemberProcess): object {
  const member = snapshot.nodes.find(({ name }) => name === node.name);
  const volumes = snapshot.volumes
    .filter(({ ownerNodeId }) => ownerNodeId === member?.id && member !== undefined)
    .map(({ id }) => id);
  const running = node.isRunning() && !isGone(member?.state);
  return {
    name: node.name,
    pid: node.pid,
    state: !running ? 'down' : volumes.length > 0 ? 'active' : 'standby',
    volumes,
  };
}
