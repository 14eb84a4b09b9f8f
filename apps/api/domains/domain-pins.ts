import type { DomainPins as DomainPinsView, InputOf, ROUTES } from '#api-schema';
import type { Database } from '#database';
import type { DirectoryRegistry } from '#directory/api';
import { pinDomain, pinsOf } from '#directory/postgres';
import { err, ok } from '#stdx';
import type { Clusters } from '../clusters/clusters.ts';
import type { Reply } from '../http/refusal.ts';
import type { Asking } from '../http/request.ts';

type Routes = typeof ROUTES;

/** On which volumes an operator wants a domain's accounts. */
export class DomainPins {
  constructor(
    private readonly registry: DirectoryRegistry,
    private readonly clusters: Clusters,
    private readonly database: Database,
  ) {}

  async show(asking: Asking, { params }: InputOf<Routes['showDomainPins']>): Promise<Reply<DomainPinsView>> {
    const found = await this.find(asking, params.domain);
    if (!found.ok) return found;
    const { domainId, names } = found.value;
    const pins = await pinsOf(this.database, domainId);
    return ok({ volumes: pins.map((id) => names.get(id) ?? id).sort() });
  }

  async pin(asking: Asking, { params, body }: InputOf<Routes['pinDomain']>): Promise<Reply<DomainPinsView>> {
    const found = await this.find(asking, params.domain);
    if (!found.ok) return found;
    const { domainId, names } = found.value;
    const ids: string[] = [];
    for (const wanted of body.volumes) {
      const id = [...names].find(([volumeId, name]) => volumeId === wanted || name === wanted)?.[0];
      if (id === undefined) return err({ code: 'volume_not_found', detail: wanted });
      ids.push(id);
    }
    await pinDomain(this.database, domainId, ids);
    return ok({ volumes: ids.map((id) => names.get(id) ?? id).sort() });
  }

  /** The domain, and the volumes of its cluster by id. */
  private async find(
    asking: Asking,
    idOrName: string,
  ): Promise<Reply<{ readonly domainId: string; readonly names: ReadonlyMap<string, string> }>> {
    const domain = await this.registry.findDomain(asking.context, idOrName);
    if (!domain.ok) return domain;
    const cluster = await this.clusters.find(asking, domain.value.clusterId);
    if (!cluster.ok) return cluster;
    const { volumes } = await cluster.value.state.snapshot();
    return ok({ domainId: domain.value.id, names: new Map(volumes.map(({ id, name }) => [id, name])) });
  }
}
