import type { Alias as AliasView, InputOf, ROUTES } from '#api-schema';
import type { Alias, DirectoryRegistry, Versioned } from '#directory/api';
import { ok } from '#stdx';
import { pageOf } from '../http/page.ts';
import type { Reply } from '../http/refusal.ts';
import type { Asking } from '../http/request.ts';
import type { PartnerNames } from '../partners/partner-names.ts';

type Routes = typeof ROUTES;

export class Aliases {
  constructor(
    private readonly registry: DirectoryRegistry,
    private readonly partners: PartnerNames,
  ) {}

  async list(asking: Asking, { query }: InputOf<Routes['listAliases']>) {
    const context = await this.partners.narrowed(asking, query.partner);
    if (!context.ok) return context;
    const page = await this.registry.listAliases(context.value, query);
    return ok(await pageOf(page, (alias) => this.view(asking, alias)));
  }

  async create(asking: Asking, { body }: InputOf<Routes['createAlias']>): Promise<Reply<AliasView>> {
    const made = await this.registry.createAlias(asking.context, body);
    return made.ok ? ok(await this.view(asking, made.value)) : made;
  }

  async show(asking: Asking, { params }: InputOf<Routes['showAlias']>): Promise<Reply<AliasView>> {
    const found = await this.registry.findAlias(asking.context, params.alias);
    return found.ok ? ok(await this.view(asking, found.value)) : found;
  }

  async update(
    asking: Asking,
    { params, body }: InputOf<Routes['updateAlias']>,
    version: number | undefined,
  ): Promise<Reply<AliasView>> {
    const found = await this.registry.findAlias(asking.context, params.alias);
    if (!found.ok) return found;
    const updated = await this.registry.updateAlias(asking.context, found.value.id, version, body);
    return updated.ok ? ok(await this.view(asking, updated.value)) : updated;
  }

  async delete(asking: Asking, { params }: InputOf<Routes['deleteAlias']>, version: number | undefined) {
    const found = await this.registry.findAlias(asking.context, params.alias);
    return found.ok ? this.registry.deleteAlias(asking.context, found.value.id, version) : found;
  }

  private async view(asking: Asking, alias: Versioned<Alias>): Promise<AliasView> {
    return {
      id: alias.id,
      email: alias.email,
      partner: await this.partners.slugOf(asking, alias.partnerId),
      domain: alias.email.slice(alias.email.lastIndexOf('@') + 1),
      targets: [...alias.targets],
      createdAt: alias.createdAt.toISOString(),
      version: alias.version,
    };
  }
}
