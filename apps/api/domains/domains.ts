import { domainToUnicode } from 'node:url';
import type { DomainDns, Domain as DomainView, InputOf, ROUTES } from '#api-schema';
import type { DirectoryRegistry, Domain, Versioned } from '#directory/api';
import { err, ok } from '#stdx';
import type { Clusters } from '../clusters/clusters.ts';
import { pageOf } from '../http/page.ts';
import type { Reply } from '../http/refusal.ts';
import type { Asking } from '../http/request.ts';
import type { PartnerNames } from '../partners/partner-names.ts';
import type { Spend } from '../spend/spend.ts';
import { dnsRecords } from './dns-records.ts';

type Routes = typeof ROUTES;

export class Domains {
  constructor(
    private readonly registry: DirectoryRegistry,
    private readonly partners: PartnerNames,
    private readonly clusters: Clusters,
    private readonly spend: Spend,
  ) {}

  async list(asking: Asking, { query }: InputOf<Routes['listDomains']>) {
    const context = await this.partners.narrowed(asking, query.partner);
    if (!context.ok) return context;
    const page = await this.registry.listDomains(context.value, query);
    return ok(await pageOf(page, (domain) => this.view(asking, domain)));
  }

  async create(asking: Asking, { body }: InputOf<Routes['createDomain']>): Promise<Reply<DomainView>> {
    const partner = await this.partners.subject(asking, body.partner);
    if (!partner.ok) return partner;
    const { name, catchAll, detailSeparator, volumeClass } = body;
    const cluster = body.cluster === undefined ? undefined : await this.clusters.idOf(body.cluster);
    if (cluster && !cluster.ok) return cluster;
    const grows = await this.spend.mayGrow(partner.value);
    if (!grows.ok) return grows;
    const made = await this.registry.createDomain(asking.context, {
      partnerId: partner.value,
      name,
      catchAll,
      detailSeparator,
      volumeClass,
      ...(cluster ? { clusterId: cluster.value } : {}),
    });
    return made.ok ? ok(await this.view(asking, made.value)) : made;
  }

  async show(asking: Asking, { params }: InputOf<Routes['showDomain']>): Promise<Reply<DomainView>> {
    const found = await this.registry.findDomain(asking.context, params.domain);
    return found.ok ? ok(await this.view(asking, found.value)) : found;
  }

  async update(
    asking: Asking,
    { params, body }: InputOf<Routes['updateDomain']>,
    version: number | undefined,
  ): Promise<Reply<DomainView>> {
    const found = await this.registry.findDomain(asking.context, params.domain);
    if (!found.ok) return found;
    const updated = await this.registry.updateDomain(asking.context, found.value.id, version, body);
    return updated.ok ? ok(await this.view(asking, updated.value)) : updated;
  }

  async delete(asking: Asking, { params }: InputOf<Routes['deleteDomain']>, version: number | undefined) {
    const found = await this.registry.findDomain(asking.context, params.domain);
    return found.ok ? this.registry.deleteDomain(asking.context, found.value.id, version) : found;
  }

  async dns(asking: Asking, { params }: InputOf<Routes['showDomainDns']>): Promise<Reply<DomainDns>> {
    const found = await this.registry.findDomain(asking.context, params.domain);
    if (!found.ok) return found;
    const hubs = await this.clusters.hubHosts(found.value.clusterId);
    if (hubs.length === 0) return err({ code: 'conflict', detail: 'the cluster has no hub yet to point to' });
    return ok({ domain: found.value.name, records: dnsRecords(found.value.name, hubs) });
  }

  private async view(asking: Asking, domain: Versioned<Domain>): Promise<DomainView> {
    return {
      id: domain.id,
      name: domain.name,
      displayName: domainToUnicode(domain.name),
      partner: await this.partners.slugOf(asking, domain.partnerId),
      cluster: domain.clusterId,
      catchAll: domain.catchAll,
      detailSeparator: domain.detailSeparator,
      volumeClass: domain.volumeClass,
      createdAt: domain.createdAt.toISOString(),
      version: domain.version,
    };
  }
}
