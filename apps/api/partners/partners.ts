import type { InputOf, Partner as PartnerView, ROUTES } from '#api-schema';
import type { DirectoryRegistry, Partner, Versioned } from '#directory/api';
import { ok } from '#stdx';
import { pageOf } from '../http/page.ts';
import type { Reply } from '../http/refusal.ts';
import type { Asking } from '../http/request.ts';

type Routes = typeof ROUTES;

export class Partners {
  constructor(private readonly registry: DirectoryRegistry) {}

  async list(asking: Asking, { query }: InputOf<Routes['listPartners']>) {
    return ok(await pageOf(await this.registry.listPartners(asking.context, query), partnerView));
  }

  async create(asking: Asking, { body }: InputOf<Routes['createPartner']>): Promise<Reply<PartnerView>> {
    const made = await this.registry.createPartner(asking.context, body);
    return made.ok ? ok(partnerView(made.value)) : made;
  }

  async show(asking: Asking, { params }: InputOf<Routes['showPartner']>): Promise<Reply<PartnerView>> {
    const found = await this.registry.findPartner(asking.context, params.partner);
    return found.ok ? ok(partnerView(found.value)) : found;
  }

  async update(
    asking: Asking,
    { params, body }: InputOf<Routes['updatePartner']>,
    version: number | undefined,
  ): Promise<Reply<PartnerView>> {
    const found = await this.registry.findPartner(asking.context, params.partner);
    if (!found.ok) return found;
    const updated = await this.registry.updatePartner(asking.context, found.value.id, version, body);
    return updated.ok ? ok(partnerView(updated.value)) : updated;
  }
}

const partnerView = (partner: Versioned<Partner>): PartnerView => ({
  id: partner.id,
  slug: partner.slug,
  name: partner.name,
  state: partner.state,
  currency: partner.currency,
  timeZone: partner.timeZone,
  createdAt: partner.createdAt.toISOString(),
  version: partner.version,
});
