import type { Account as AccountView, InputOf, ROUTES } from '#api-schema';
import type { Account, DirectoryRegistry, Versioned } from '#directory/api';
import { ok } from '#stdx';
import { pageOf } from '../http/page.ts';
import type { Reply } from '../http/refusal.ts';
import type { Asking } from '../http/request.ts';
import type { PartnerNames } from '../partners/partner-names.ts';
import type { AccountUsage, UsageFigure } from './account-usage.ts';

type Routes = typeof ROUTES;

const UNKNOWN: UsageFigure = { usedBytes: null, at: null, fresh: false };

export class Accounts {
  constructor(
    private readonly registry: DirectoryRegistry,
    private readonly partners: PartnerNames,
    private readonly usage: AccountUsage,
  ) {}

  async list(asking: Asking, { query }: InputOf<Routes['listAccounts']>) {
    const context = await this.partners.narrowed(asking, query.partner);
    if (!context.ok) return context;
    const page = await this.registry.listAccounts(context.value, query);
    const known = await this.usage.lastKnown(page.items);
    return ok(await pageOf(page, (account) => this.view(asking, account, known.get(account.id) ?? UNKNOWN)));
  }

  async create(asking: Asking, { body }: InputOf<Routes['createAccount']>): Promise<Reply<AccountView>> {
    const { volume, ...rest } = body;
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
    return found.ok ? ok(await this.view(asking, found.value, await this.usage.ask(found.value))) : found;
  }

  async update(
    asking: Asking,
    { params, body }: InputOf<Routes['updateAccount']>,
    version: number | undefined,
  ): Promise<Reply<AccountView>> {
    const found = await this.registry.findAccount(asking.context, params.account);
    if (!found.ok) return found;
    const updated = await this.registry.updateAccount(asking.context, found.value.id, version, body);
    if (!updated.ok) return updated;
    const known = await this.usage.lastKnown([updated.value]);
    return ok(await this.view(asking, updated.value, known.get(updated.value.id) ?? UNKNOWN));
  }

  async delete(asking: Asking, { params }: InputOf<Routes['deleteAccount']>, version: number | undefined) {
    const found = await this.registry.findAccount(asking.context, params.account);
    return found.ok ? this.registry.deleteAccount(asking.context, found.value.id, version) : found;
  }

  private async view(asking: Asking, account: Versioned<Account>, usage: UsageFigure): Promise<AccountView> {
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
