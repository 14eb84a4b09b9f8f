import type { InputOf, ROUTES, Volume as VolumeView } from '#api-schema';
import { mountProblem } from '#cluster/agent';
import { checkSlug } from '#directory/api';
import { err, ok } from '#stdx';
import type { Reply } from '../http/refusal.ts';
import type { Asking } from '../http/request.ts';
import type { ClusterReader, FoundCluster } from './cluster-reader.ts';
import type { Clusters } from './clusters.ts';

type Routes = typeof ROUTES;

export class ClusterVolumes {
  constructor(
    private readonly clusters: Clusters,
    private readonly reader: ClusterReader,
  ) {}

  async list(asking: Asking, { params }: InputOf<Routes['listVolumes']>) {
    const found = await this.clusters.find(asking, params.cluster);
    return found.ok ? ok({ items: (await this.reader.read(found.value, true)).volumes }) : found;
  }

  async create(asking: Asking, { params, body }: InputOf<Routes['createVolume']>): Promise<Reply<VolumeView>> {
    const refusal = checkSlug('volumeClass', body.volumeClass);
    if (refusal) return err(refusal);
    const problem = mountProblem(body.mount);
    if (problem !== undefined) return err({ code: 'invalid_value', errors: [{ field: 'mount', reason: problem }] });
    const found = await this.clusters.find(asking, params.cluster);
    if (!found.ok) return found;
    const preferred = await this.nodeId(found.value, body.preferredNode);
    if (!preferred.ok) return preferred;
    const { preferredNode: _, ...volume } = body;
    const made = await found.value.state.addVolume({ ...volume, preferredNodeId: preferred.value });
    return this.one(found.value, made.id);
  }

  async show(asking: Asking, { params }: InputOf<Routes['showVolume']>): Promise<Reply<VolumeView>> {
    const found = await this.clusters.find(asking, params.cluster);
    return found.ok ? this.one(found.value, params.volume) : found;
  }

  async update(asking: Asking, { params, body }: InputOf<Routes['updateVolume']>): Promise<Reply<VolumeView>> {
    const refusal = body.volumeClass === undefined ? undefined : checkSlug('volumeClass', body.volumeClass);
    if (refusal) return err(refusal);
    const found = await this.clusters.find(asking, params.cluster);
    if (!found.ok) return found;
    const volume = await this.one(found.value, params.volume);
    if (!volume.ok) return volume;
    const { preferredNode, ...change } = body;
    const preferred = preferredNode === undefined ? undefined : await this.nodeId(found.value, preferredNode);
    if (preferred && !preferred.ok) return preferred;
    const wish = preferred ? { ...change, preferredNodeId: preferred.value } : change;
    await found.value.state.updateVolume(volume.value.id, wish);
    return this.one(found.value, volume.value.id);
  }

  async move(asking: Asking, { params, body }: InputOf<Routes['moveVolume']>): Promise<Reply<VolumeView>> {
    const found = await this.clusters.find(asking, params.cluster);
    if (!found.ok) return found;
    const volume = await this.one(found.value, params.volume);
    if (!volume.ok) return volume;
    const to = await this.nodeId(found.value, body.to);
    if (!to.ok) return to;
    await found.value.state.requestMove(volume.value.id, to.value);
    return this.one(found.value, volume.value.id);
  }

  private async one(cluster: FoundCluster, idOrName: string): Promise<Reply<VolumeView>> {
    const { volumes } = await this.reader.read(cluster, true);
    const volume = volumes.find(({ id, name }) => id === idOrName || name === idOrName);
    return volume ? ok(volume) : err({ code: 'volume_not_found' });
  }

  private async nodeId({ state }: FoundCluster, idOrName: string | null): Promise<Reply<string | null>> {
    if (idOrName === null) return ok(null);
    const { nodes } = await state.snapshot();
    const node = nodes.find(({ id, name }) => id === idOrName || name === idOrName);
    return node ? ok(node.id) : err({ code: 'node_not_found' });
  }
}
