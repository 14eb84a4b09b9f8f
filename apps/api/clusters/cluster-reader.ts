import type { Hub as HubView, Node as NodeView, Volume as VolumeView } from '#api-schema';
import type { ClusterSnapshot, ClusterState } from '#cluster/api';
import type { ClusterRecord } from '#cluster/postgres';
import type { Database } from '#database';
import { accountsByVolume } from '#directory/postgres';
import { hubView, namesOf, nodeView, volumeView } from './cluster-views.ts';
import type { NodeRpc } from './node-rpc.ts';

/** A cluster a caller may see. */
export interface FoundCluster {
  readonly record: ClusterRecord;
  readonly state: ClusterState;
}

export interface Members {
  readonly at: Date;
  readonly hubs: HubView[];
  readonly nodes: NodeView[];
  readonly volumes: VolumeView[];
  readonly names: ReadonlyMap<string, string>;
}

/** A cluster as people see it: its rows, how full it is, and what its nodes say of their volumes. */
export class ClusterReader {
  constructor(
    private readonly database: Database,
    private readonly rpc: NodeRpc,
  ) {}

  /** With `askNodes` the volumes' bytes are known, at the price of asking every node. */
  async read({ record, state }: FoundCluster, askNodes: boolean): Promise<Members> {
    const [snapshot, accounts] = await Promise.all([state.snapshot(), accountsByVolume(this.database, record.id)]);
    const bytes = askNodes ? await this.bytesByVolume(record, snapshot) : new Map<string, number>();
    const figures = { accounts, bytes };
    return {
      at: snapshot.at,
      hubs: snapshot.hubs.map((hub) => hubView(hub, snapshot)).sort(byName),
      nodes: snapshot.nodes.map((node) => nodeView(node, snapshot, figures)).sort(byName),
      volumes: snapshot.volumes.map((volume) => volumeView(volume, snapshot, figures)).sort(byName),
      names: namesOf(snapshot),
    };
  }

  /** Asks every node at once; a node that does not answer in time leaves its volumes out. */
  private async bytesByVolume(
    { id: clusterId, key }: ClusterRecord,
    snapshot: ClusterSnapshot,
  ): Promise<ReadonlyMap<string, number>> {
    const bytes = new Map<string, number>();
    await Promise.all(
      snapshot.nodes.map(async ({ id, data }) => {
        const owned = snapshot.volumes.filter((volume) => volume.ownerNodeId === id && volume.state === 'serving');
        if (owned.length === 0) return;
        const questions = owned.map(({ id: volumeId, epoch }) => ({ volumeId, epoch }));
        const answers = await this.rpc.askAll({ clusterId, nodeId: id, data, key }, 'volume', questions);
        for (const [index, volume] of owned.entries()) {
          const answer = answers[index];
          if (answer?.ok) bytes.set(volume.id, answer.value.bytes);
        }
      }),
    );
    return bytes;
  }
}

const byName = (a: { readonly name: string }, b: { readonly name: string }): number =>
  a.name.localeCompare(b.name, 'en', { numeric: true });
