import {
  ACCOUNT_TOKENS_MAX,
  type AccountToken,
  checkName,
  checkTokenLifetime,
  type DirectoryRegistry,
  firstOf,
  makeTokenSecret,
} from '#directory/api';
import { type Clock, err, ok, type Random } from '#stdx';
import { list, notFound } from './answers.ts';
import { type AccountTokenRow, maySee, type Tables } from './tables.ts';

type Method<Name extends keyof DirectoryRegistry> = DirectoryRegistry[Name];

export class MemoryAccountTokens {
  constructor(
    private readonly tables: Tables,
    private readonly clock: Clock,
    private readonly random: Random,
  ) {}

  create: Method<'createAccountToken'> = async (context, { accountId, name, lifetimeMs }) => {
    const refusal = firstOf(checkName('name', name), checkTokenLifetime(lifetimeMs));
    if (refusal) return err(refusal);
    const account = this.tables.accounts.get(accountId);
    if (!account || !maySee(context, account.partnerId)) return notFound('account');
    if (this.of(accountId).length >= ACCOUNT_TOKENS_MAX)
      return err({ code: 'limit', what: `${ACCOUNT_TOKENS_MAX} tokens an account` });
    const secret = makeTokenSecret(this.random);
    const now = this.clock.now();
    const row: AccountTokenRow = {
      id: this.random.uuid(),
      partnerId: account.partnerId,
      accountId,
      name,
      prefix: secret.prefix,
      hash: secret.hash,
      createdAt: new Date(now),
      expiresAt: new Date(now + lifetimeMs),
    };
    this.tables.accountTokens.set(row.id, row);
    this.tables.changed(account.email);
    return ok({ ...withoutHash(row), secret: secret.text });
  };

  list: Method<'listAccountTokens'> = async (context, accountId, page) => {
    const wanted = (row: AccountTokenRow): boolean => row.accountId === accountId && maySee(context, row.partnerId);
    const { items, ...rest } = list(this.tables.accountTokens, page, wanted, (token) => token.id);
    return { items: items.map(withoutHash), ...rest };
  };

  delete: Method<'deleteAccountToken'> = async (context, accountId, id) => {
    const token = this.tables.accountTokens.get(id);
    if (!token || token.accountId !== accountId || !maySee(context, token.partnerId)) return notFound('accountToken');
    this.tables.accountTokens.delete(id);
    const account = this.tables.accounts.get(accountId);
    if (account) this.tables.changed(account.email);
    return ok(undefined);
  };

  /** All of an account's: it is gone, or its password was changed. */
  revoke(accountId: string): void {
    for (const { id } of this.of(accountId)) this.tables.accountTokens.delete(id);
  }

  private of(accountId: string): readonly AccountTokenRow[] {
    return [...this.tables.accountTokens.values()].filter((token) => token.accountId === accountId);
  }
}

const withoutHash = ({ hash: _, ...token }: AccountTokenRow): AccountToken => token;
