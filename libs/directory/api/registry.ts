import type { RequestContext, Result } from '#stdx';
import type { Account, AccountState, AccountToken, Alias, ApiKey, ApiKeyScope, Domain, Partner } from './model.ts';

/** Closed union of what the registry refuses; REST codes are made from these in one place. */
export type DirectoryError =
  | {
      readonly code: 'notFound';
      readonly what: 'partner' | 'domain' | 'account' | 'alias' | 'apiKey' | 'accountToken' | 'cluster' | 'volume';
    }
  | { readonly code: 'conflict'; readonly what: string }
  | { readonly code: 'invalid'; readonly field: string; readonly reason: string }
  | { readonly code: 'stale'; readonly what: string }
  /** The context's partner may not do this, whatever it is done to. */
  | { readonly code: 'forbidden'; readonly what: string }
  | { readonly code: 'limit'; readonly what: string }
  | { readonly code: 'noVolume'; readonly clusterId: string };

export interface Page<T> {
  readonly items: readonly T[];
  /** Pass as `after` for the next page; absent on the last. */
  readonly next?: string;
}
export interface PageInput {
  /** 1 … 500, default 50; more is cut to 500. */
  readonly limit?: number;
  readonly after?: string;
}

/** Every object carries `version`, a number that rises with each update: the ETag. */
export type Versioned<T> = T & { readonly version: number };

/**
 * Partners, domains, accounts, aliases, keys. The context's partner bounds every call (row-level security in
 * PostgreSQL); only a context without a partner (operator) sees across: to list one partner's objects, an operator takes
 * a context with that partner. Objects are found by id or by their name (slug, domain name, address), and listed in the
 * order of that name. State change and usage event commit together.
 */
export interface DirectoryRegistry {
  createPartner(
    context: RequestContext,
    input: { slug: string; name: string; currency?: string; timeZone?: string },
  ): Promise<Result<Versioned<Partner>, DirectoryError>>;
  findPartner(context: RequestContext, idOrSlug: string): Promise<Result<Versioned<Partner>, DirectoryError>>;
  listPartners(context: RequestContext, page: PageInput): Promise<Page<Versioned<Partner>>>;
  updatePartner(
    context: RequestContext,
    id: string,
    version: number | undefined,
    change: { name?: string; state?: Partner['state']; timeZone?: string },
  ): Promise<Result<Versioned<Partner>, DirectoryError>>;

  createDomain(
    context: RequestContext,
    input: {
      partnerId: string;
      name: string;
      clusterId?: string;
      catchAll?: string | null;
      detailSeparator?: string;
      volumeClass?: string;
    },
  ): Promise<Result<Versioned<Domain>, DirectoryError>>;
  findDomain(context: RequestContext, idOrName: string): Promise<Result<Versioned<Domain>, DirectoryError>>;
  listDomains(context: RequestContext, page: PageInput): Promise<Page<Versioned<Domain>>>;
  updateDomain(
    context: RequestContext,
    id: string,
    version: number | undefined,
    change: { catchAll?: string | null; detailSeparator?: string },
  ): Promise<Result<Versioned<Domain>, DirectoryError>>;
  /** Refused while accounts remain; aliases go with it. */
  deleteDomain(context: RequestContext, id: string, version?: number): Promise<Result<void, DirectoryError>>;

  /** Places it on the volume of its class with the most room, or on `volumeId`. */
  createAccount(
    context: RequestContext,
    input: { email: string; password: string; displayName?: string; quotaBytes?: number; volumeId?: string },
  ): Promise<Result<Versioned<Account>, DirectoryError>>;
  findAccount(context: RequestContext, idOrEmail: string): Promise<Result<Versioned<Account>, DirectoryError>>;
  listAccounts(
    context: RequestContext,
    page: PageInput & { readonly domain?: string },
  ): Promise<Page<Versioned<Account>>>;
  updateAccount(
    context: RequestContext,
    id: string,
    version: number | undefined,
    change: { displayName?: string | null; quotaBytes?: number; state?: AccountState; password?: string },
  ): Promise<Result<Versioned<Account>, DirectoryError>>;
  deleteAccount(context: RequestContext, id: string, version?: number): Promise<Result<void, DirectoryError>>;

  createAlias(
    context: RequestContext,
    input: { email: string; targets: readonly string[] },
  ): Promise<Result<Versioned<Alias>, DirectoryError>>;
  findAlias(context: RequestContext, idOrEmail: string): Promise<Result<Versioned<Alias>, DirectoryError>>;
  listAliases(context: RequestContext, page: PageInput & { readonly domain?: string }): Promise<Page<Versioned<Alias>>>;
  updateAlias(
    context: RequestContext,
    id: string,
    version: number | undefined,
    change: { targets: readonly string[] },
  ): Promise<Result<Versioned<Alias>, DirectoryError>>;
  deleteAlias(context: RequestContext, id: string, version?: number): Promise<Result<void, DirectoryError>>;

  /** The secret is returned this once. */
  createApiKey(
    context: RequestContext,
    input: { partnerId: string | null; name: string; scopes: readonly ApiKeyScope[] },
  ): Promise<Result<ApiKey & { readonly secret: string }, DirectoryError>>;
  listApiKeys(context: RequestContext, page: PageInput): Promise<Page<ApiKey>>;
  deleteApiKey(context: RequestContext, id: string): Promise<Result<void, DirectoryError>>;
  /** `undefined` when unknown. Compares in constant time. */
  authenticateApiKey(secret: string): Promise<ApiKey | undefined>;

  /** The secret is returned this once. */
  createAccountToken(
    context: RequestContext,
    input: { accountId: string; name: string; lifetimeMs: number },
  ): Promise<Result<AccountToken & { readonly secret: string }, DirectoryError>>;
  /** With those that have expired, until they are deleted. */
  listAccountTokens(context: RequestContext, accountId: string, page: PageInput): Promise<Page<AccountToken>>;
  deleteAccountToken(context: RequestContext, accountId: string, id: string): Promise<Result<void, DirectoryError>>;
}
