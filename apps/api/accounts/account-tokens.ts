import type { AccountToken as AccountTokenView, CreatedAccountToken, InputOf, ROUTES } from '#api-schema';
import type { AccountToken, DirectoryRegistry } from '#directory/api';
import { ok } from '#stdx';
import { pageOf } from '../http/page.ts';
import type { Reply } from '../http/refusal.ts';
import type { Asking } from '../http/request.ts';

type Routes = typeof ROUTES;

export class AccountTokens {
  constructor(private readonly registry: DirectoryRegistry) {}

  async list(asking: Asking, { params, query }: InputOf<Routes['listAccountTokens']>) {
    const account = await this.registry.findAccount(asking.context, params.account);
    if (!account.ok) return account;
    const page = await this.registry.listAccountTokens(asking.context, account.value.id, query);
    return ok(await pageOf(page, async (token) => view(token)));
  }

  async create(
    asking: Asking,
    { params, body }: InputOf<Routes['createAccountToken']>,
  ): Promise<Reply<CreatedAccountToken>> {
    const account = await this.registry.findAccount(asking.context, params.account);
    if (!account.ok) return account;
    const made = await this.registry.createAccountToken(asking.context, {
      accountId: account.value.id,
      name: body.name,
      lifetimeMs: body.lifetimeSeconds * 1_000,
    });
    return made.ok ? ok({ ...view(made.value), secret: made.value.secret }) : made;
  }

  async delete(asking: Asking, { params }: InputOf<Routes['deleteAccountToken']>) {
    const account = await this.registry.findAccount(asking.context, params.account);
    return account.ok ? this.registry.deleteAccountToken(asking.context, account.value.id, params.token) : account;
  }
}

const view = ({ id, name, prefix, createdAt, expiresAt }: AccountToken): AccountTokenView => ({
  id,
  name,
  prefix,
  createdAt: createdAt.toISOString(),
  expiresAt: expiresAt.toISOString(),
});
