import type { Account as AccountView, InputOf, ROUTES } from '#api-schema';
import type { Account, DirectoryRegistry, Versioned } from '#directory/api';
import { ok } from '#stdx';
import { pageOf } from '../http/page.ts';
import type { Reply } from '../http/refusal.ts';
import type { Asking } from '../http/request.ts';
import type { PartnerNames } from '../partners/partner-names.ts';
import type { Spend } from '../spend/spend.ts';
import { type AccountUsage, NEVER_SAID, type UsageFigure } from './account-usage.ts';

type Routes = typeof ROUTES;

export class Accounts {
  constructor(
    private readonly registry: DirectoryRegistry,
    private readonly partners: PartnerNames,
    private readonly usage: AccountUsage,
    private readonly spend: Spend,
  ) {}

  async list(asking: Asking, { query }: InputOf<Routes['listAccounts']>) {
    const context = await this.partners.narrowed(asking, query.partner);
    if (!context.ok) return context;
    const page = await this.registry.listAccounts(context.value, query);
    const figures = await this.usage.ask(page.items);
    return ok(await pageOf(page, (account) => this.view(asking, account, figures.get(account.id))));
  }

  async create(asking: Asking, { body }: InputOf<Routes['createAccount']>): Promise<Reply<AccountView>> {
    const { volume, ...rest } = body;
    const domain = await this.registry.findDomain(asking.context, rest.email.slice(rest.email.lastIndexOf('@') + 1));
    const grows = domain.ok ? await this.spend.mayGrow(domain.value.partnerId) : domain;
    if (domain.ok && !grows.ok) return grows;
    const made = await this.registry.createAccount(asking.context, {
      ...rest,
      ...(volume === undefined ? {} : { volumeId: volume }),
    });
    if (!made.ok) return made;
    const empty = { usedBytes: 0, at: made.value.createdAt, fresh: true };
    return ok(await this.view(asking, made.value, empty));
  }

  async show(asking: Asking, { params }: InputOf<Routes['showAccount']>): Promise<Reply<AccountView>> {
    const found = await this.registry.findAccount(asking.context, params.account);
    return found.ok ? ok(await this.asked(asking, found.value)) : found;
  }

  async update(
    asking: Asking,
    { params, body }: InputOf<Routes['updateAccount']>,
    version: number | undefined,
  ): Promise<Reply<AccountView>> {
    const found = await this.registry.findAccount(asking.context, params.account);
    if (!found.ok) return found;
    const updated = await this.registry.updateAccount(asking.context, found.value.id, version, body);
    return updated.ok ? ok(await this.asked(asking, updated.value)) : updated;
  }

  async delete(asking: Asking, { params }: InputOf<Routes['deleteAccount']>, version: number | undefined) {
    const found = await this.registry.findAccount(asking.context, params.account);
    return found.ok ? this.registry.deleteAccount(asking.context, found.value.id, version) : found;
  }

  private async asked(asking: Asking, account: Versioned<Account>): Promise<AccountView> {
    return this.view(asking, account, (await this.usage.ask([account])).get(account.id));
  }

  private async view(
    asking: Asking,
    account: Versioned<Account>,
    usage: UsageFigure = NEVER_SAID,
  ): Promise<AccountView> {
    return {
      id: account.id,
      email: account.email,
      partner: await this.partners.slugOf(asking, account.partnerId),
      domain: account.email.slice(account.email.lastIndexOf('@') + 1),
      displayName: account.displayName,
      state: account.state,
      volume: account.volumeId,
      quotaBytes: account.quotaBytes,
      usedBytes: usage.usedBytes,
      usedBytesAt: usage.at?.toISOString() ?? null,
      usedBytesFresh: usage.fresh,
      createdAt: account.createdAt.toISOString(),
      version: account.version,
    };
  }
}
