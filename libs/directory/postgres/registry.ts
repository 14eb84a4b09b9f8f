import type { Database } from '#database';
import { DEFAULT_PASSWORD_COST, type DirectoryRegistry, type PasswordCost } from '#directory/api';
import type { Random } from '#stdx';
import { AccountTokenRows } from './account-tokens.ts';
import { AccountRows } from './accounts.ts';
import { AliasRows } from './aliases.ts';
import { ApiKeyRows } from './api-keys.ts';
import { DomainRows } from './domains.ts';
import { PartnerRows } from './partners.ts';

type Method<Name extends keyof DirectoryRegistry> = DirectoryRegistry[Name];

/** Everything people manage, in PostgreSQL. What a partner's context touches runs in the role row-level security binds. */
export class PostgresDirectoryRegistry implements DirectoryRegistry {
  private readonly partners: PartnerRows;
  private readonly domains: DomainRows;
  private readonly accounts: AccountRows;
  private readonly aliases: AliasRows;
  private readonly apiKeys: ApiKeyRows;
  private readonly tokens: AccountTokenRows;

  constructor(database: Database, random: Random, passwordCost: PasswordCost = DEFAULT_PASSWORD_COST) {
    this.partners = new PartnerRows(database);
    this.domains = new DomainRows(database);
    this.accounts = new AccountRows(database, random, passwordCost);
    this.aliases = new AliasRows(database);
    this.apiKeys = new ApiKeyRows(database, random);
    this.tokens = new AccountTokenRows(database, random);
  }

  createPartner: Method<'createPartner'> = (...given) => this.partners.create(...given);
  findPartner: Method<'findPartner'> = (...given) => this.partners.find(...given);
  listPartners: Method<'listPartners'> = (...given) => this.partners.list(...given);
  updatePartner: Method<'updatePartner'> = (...given) => this.partners.update(...given);

  createDomain: Method<'createDomain'> = (...given) => this.domains.create(...given);
  findDomain: Method<'findDomain'> = (...given) => this.domains.find(...given);
  listDomains: Method<'listDomains'> = (...given) => this.domains.list(...given);
  updateDomain: Method<'updateDomain'> = (...given) => this.domains.update(...given);
  deleteDomain: Method<'deleteDomain'> = (...given) => this.domains.delete(...given);

  createAccount: Method<'createAccount'> = (...given) => this.accounts.create(...given);
  findAccount: Method<'findAccount'> = (...given) => this.accounts.find(...given);
  listAccounts: Method<'listAccounts'> = (...given) => this.accounts.list(...given);
  updateAccount: Method<'updateAccount'> = (...given) => this.accounts.update(...given);
  deleteAccount: Method<'deleteAccount'> = (...given) => this.accounts.delete(...given);

  createAlias: Method<'createAlias'> = (...given) => this.aliases.create(...given);
  findAlias: Method<'findAlias'> = (...given) => this.aliases.find(...given);
  listAliases: Method<'listAliases'> = (...given) => this.aliases.list(...given);
  updateAlias: Method<'updateAlias'> = (...given) => this.aliases.update(...given);
  deleteAlias: Method<'deleteAlias'> = (...given) => this.aliases.delete(...given);

  createApiKey: Method<'createApiKey'> = (...given) => this.apiKeys.create(...given);
  listApiKeys: Method<'listApiKeys'> = (...given) => this.apiKeys.list(...given);
  deleteApiKey: Method<'deleteApiKey'> = (...given) => this.apiKeys.delete(...given);
  authenticateApiKey: Method<'authenticateApiKey'> = (...given) => this.apiKeys.authenticate(...given);

  createAccountToken: Method<'createAccountToken'> = (...given) => this.tokens.create(...given);
  listAccountTokens: Method<'listAccountTokens'> = (...given) => this.tokens.list(...given);
  deleteAccountToken: Method<'deleteAccountToken'> = (...given) => this.tokens.delete(...given);
}
