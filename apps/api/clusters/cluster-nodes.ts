import type { InputOf, Node as NodeView, ROUTES, Volume as VolumeView } from '#api-schema';
import { err, ok } from '#stdx';
import type { Reply } from '../http/refusal.ts';
import type { Asking } from '../http/request.ts';
import type { Spend } from '../spend/spend.ts';
import type { ClusterReader, FoundCluster } from './cluster-reader.ts';
import type { Clusters } from './clusters.ts';

type Routes = typeof ROUTES;

export class ClusterNodes {
  constructor(
    private readonly clusters: Clusters,
    private readonly reader: ClusterReader,
    private readonly spend: Spend,
  ) {}

  async list(asking: Asking, { params }: InputOf<Routes['listNodes']>) {
    const found = await this.clusters.find(asking, params.cluster);
    return found.ok ? ok({ items: (await this.reader.read(found.value, false)).nodes }) : found;
  }

  async create(asking: Asking, { params, body }: InputOf<Routes['createNode']>): Promise<Reply<NodeView>> {
    const found = await this.clusters.find(asking, params.cluster);
    if (!found.ok) return found;
    // To the cluster's own state an address that changed is an update; over the API it would be a slip.
    if ((await this.one(found.value, body.name)).ok)
      return err({ code: 'conflict', detail: `node ${body.name} exists` });
    const grows = await this.spend.mayGrow(found.value.record.partnerId);
    if (!grows.ok) return grows;
    const made = await found.value.state.addNode(body);
    return this.one(found.value, made.id);
  }

  async show(asking: Asking, { params }: InputOf<Routes['showNode']>): Promise<Reply<NodeView>> {
    const found = await this.clusters.find(asking, params.cluster);
    return found.ok ? this.one(found.value, params.node) : found;
  }

  async update(asking: Asking, { params, body }: InputOf<Routes['updateNode']>): Promise<Reply<NodeView>> {
    const found = await this.clusters.find(asking, params.cluster);
    if (!found.ok) return found;
    const node = await this.one(found.value, params.node);
    if (!node.ok) return node;
    await found.value.state.updateNode(node.value.id, body);
    return this.one(found.value, node.value.id);
  }

  async failBack(
    asking: Asking,
    { params }: InputOf<Routes['failBackNode']>,
  ): Promise<Reply<{ readonly items: VolumeView[] }>> {
    const found = await this.clusters.find(asking, params.cluster);
    if (!found.ok) return found;
    const node = await this.one(found.value, params.node);
    if (!node.ok) return node;
    const { state } = found.value;
    const away = (await state.snapshot()).volumes.filter(
      ({ preferredNodeId, ownerNodeId }) => preferredNodeId === node.value.id && ownerNodeId !== node.value.id,
    );
    for (const { id } of away) await state.requestMove(id, node.value.id);
    const { volumes } = await this.reader.read(found.value, false);
    return ok({ items: volumes.filter(({ id }) => away.some((volume) => volume.id === id)) });
  }

  async drain(asking: Asking, { params, body }: InputOf<Routes['drainNode']>): Promise<Reply<NodeView>> {
    const found = await this.clusters.find(asking, params.cluster);
    if (!found.ok) return found;
    const node = await this.one(found.value, params.node);
    if (!node.ok) return node;
    await found.value.state.requestDrain(node.value.id, body.drain);
    return this.one(found.value, node.value.id);
  }

  async delete(asking: Asking, { params }: InputOf<Routes['deleteNode']>): Promise<Reply<undefined>> {
    const found = await this.clusters.find(asking, params.cluster);
    if (!found.ok) return found;
    const node = await this.one(found.value, params.node);
    if (!node.ok) return node;
    await found.value.state.removeNode(node.value.id);
    return ok(undefined);
  }

  private async one(cluster: FoundCluster, idOrName: string): Promise<Reply<NodeView>> {
    const { nodes } = await this.reader.read(cluster, false);
    const node = nodes.find(({ id, name }) => id === idOrName || name === idOrName);
    return node ? ok(node) : err({ code: 'node_not_found' });
  }
}
