import type { ApiKey as ApiKeyView, CreatedApiKey, InputOf, Me, ROUTES } from '#api-schema';
import type { ApiKey, DirectoryRegistry } from '#directory/api';
import { err, ok } from '#stdx';
import { allows } from '../http/authentication.guard.ts';
import { pageOf } from '../http/page.ts';
import type { Reply } from '../http/refusal.ts';
import type { Asking } from '../http/request.ts';
import type { PartnerNames } from '../partners/partner-names.ts';

type Routes = typeof ROUTES;

export class ApiKeys {
  constructor(
    private readonly registry: DirectoryRegistry,
    private readonly partners: PartnerNames,
  ) {}

  async whoAmI(asking: Asking): Promise<Reply<Me>> {
    const { lastUsedAt: _, ...key } = await this.view(asking, asking.key);
    return ok({ key });
  }

  async list(asking: Asking, { query }: InputOf<Routes['listApiKeys']>) {
    const context = await this.partners.narrowed(asking, query.partner);
    if (!context.ok) return context;
    const page = await this.registry.listApiKeys(context.value, query);
    return ok(await pageOf(page, (key) => this.view(asking, key)));
  }

  async create(asking: Asking, { body }: InputOf<Routes['createApiKey']>): Promise<Reply<CreatedApiKey>> {
    const { name, scopes } = body;
    // A key makes no key that may do more than itself.
    const missing = scopes.find((scope) => !allows(asking.key, scope));
    if (missing !== undefined) return err({ code: 'forbidden', detail: `the key has not the scope ${missing} itself` });
    const partner = body.partner === null ? ok(null) : await this.partners.subject(asking, body.partner);
    if (!partner.ok) return partner;
    const made = await this.registry.createApiKey(asking.context, { partnerId: partner.value, name, scopes });
    return made.ok ? ok({ ...(await this.view(asking, made.value)), secret: made.value.secret }) : made;
  }

  delete(asking: Asking, { params }: InputOf<Routes['deleteApiKey']>) {
    return this.registry.deleteApiKey(asking.context, params.apiKey);
  }

  private async view(asking: Asking, key: ApiKey): Promise<ApiKeyView> {
    return {
      id: key.id,
      name: key.name,
      partner: key.partnerId === null ? null : await this.partners.slugOf(asking, key.partnerId),
      prefix: key.prefix,
      scopes: [...key.scopes],
      createdAt: key.createdAt.toISOString(),
      lastUsedAt: key.lastUsedAt?.toISOString() ?? null,
    };
  }
}
