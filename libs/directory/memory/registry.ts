import {
  type Account,
  type Alias,
  checkAddress,
  checkCurrency,
  checkDomainName,
  checkLocalAddress,
  checkName,
  checkPassword,
  checkQuota,
  checkSeparator,
  checkSlug,
  checkTargets,
  checkTimeZone,
  type DirectoryRegistry,
  type Domain,
  firstOf,
  given,
  normaliseDomain,
  type PasswordCost,
  parseAddress,
  passwordSecrets,
  type Versioned,
} from '#directory/api';
import { type Clock, err, ok, present, type Random, type RequestContext } from '#stdx';
import { MemoryAccountTokens } from './account-tokens.ts';
import { type Answer, conflict, list, notFound, update } from './answers.ts';
import { MemoryApiKeys } from './api-keys.ts';
import { type AccountRow, find, maySee, type Tables } from './tables.ts';

type Method<Name extends keyof DirectoryRegistry> = DirectoryRegistry[Name];

export class MemoryDirectoryRegistry implements DirectoryRegistry {
  private readonly keys: MemoryApiKeys;
  private readonly tokens: MemoryAccountTokens;

  constructor(
    private readonly tables: Tables,
    private readonly clock: Clock,
    private readonly random: Random,
    private readonly passwordCost: PasswordCost,
  ) {
    this.keys = new MemoryApiKeys(tables, clock, random);
    this.tokens = new MemoryAccountTokens(tables, clock, random);
  }

  createPartner: Method<'createPartner'> = async (context, input) => {
    if (context.partnerId !== undefined) return err({ code: 'forbidden', what: 'creating partners' });
    const refusal = firstOf(
      checkSlug('slug', input.slug),
      checkName('name', input.name),
      given(input.currency, checkCurrency),
      given(input.timeZone, checkTimeZone),
    );
    if (refusal) return err(refusal);
    if (this.tables.partnerNamed(input.slug)) return conflict(`partner ${input.slug} exists`);
    const { slug, name, currency = 'EUR', timeZone = 'UTC' } = input;
    return ok(this.insert(this.tables.partners, { slug, name, currency, timeZone, state: 'active' }));
  };

  findPartner: Method<'findPartner'> = async (context, idOrSlug) => {
    const partner = this.tables.partners.get(idOrSlug) ?? this.tables.partnerNamed(idOrSlug);
    return partner && maySee(context, partner.id) ? ok(partner) : notFound('partner');
  };

  listPartners: Method<'listPartners'> = async (context, page) =>
    list(
      this.tables.partners,
      page,
      (partner) => maySee(context, partner.id),
      (partner) => partner.slug,
    );

  updatePartner: Method<'updatePartner'> = async (context, id, version, change) => {
    if (context.partnerId !== undefined && change.state !== undefined)
      return err({ code: 'forbidden', what: "changing one's own state" });
    const refusal = firstOf(
      given(change.name, (name) => checkName('name', name)),
      given(change.timeZone, checkTimeZone),
    );
    if (refusal) return err(refusal);
    const partner = this.tables.partners.get(id);
    if (!partner || !maySee(context, partner.id)) return notFound('partner');
    const updated = update(this.tables.partners, partner, version, change, 'partner');
    if (updated.ok && change.state !== undefined) this.tables.changed('*');
    return updated;
  };

  createDomain: Method<'createDomain'> = async (context, input) => {
    const refusal = firstOf(
      checkDomainName('name', input.name),
      given(input.catchAll ?? undefined, (address) => checkAddress('catchAll', address)),
      given(input.detailSeparator, checkSeparator),
      given(input.volumeClass, (label) => checkSlug('volumeClass', label)),
    );
    if (refusal) return err(refusal);
    const partner = this.tables.partners.get(input.partnerId);
    if (!partner || !maySee(context, partner.id)) return notFound('partner');
    const usable = [...this.tables.clusters.values()].filter((one) => one.shared || one.partnerId === partner.id);
    const own = usable.find((one) => one.partnerId === partner.id);
    const cluster =
      input.clusterId === undefined ? (own ?? usable[0]) : usable.find((one) => one.id === input.clusterId);
    if (!cluster) return notFound('cluster');
    const name = present(normaliseDomain(input.name), 'checked above');
    if (this.tables.domainNamed(name)) return conflict(`domain ${name} exists`);
    const domain: Versioned<Domain> = this.insert(this.tables.domains, {
      partnerId: partner.id,
      name,
      clusterId: cluster.id,
      catchAll: normaliseCatchAll(input.catchAll ?? null),
      detailSeparator: input.detailSeparator ?? '+',
      volumeClass: input.volumeClass ?? 'standard',
    });
    this.tables.changed(`@${name}`);
    return ok(domain);
  };

  findDomain: Method<'findDomain'> = async (context, idOrName) => {
    const domain = this.tables.domains.get(idOrName) ?? this.tables.domainNamed(normaliseDomain(idOrName) ?? '');
    return domain && maySee(context, domain.partnerId) ? ok(domain) : notFound('domain');
  };

  listDomains: Method<'listDomains'> = async (context, page) =>
    list(
      this.tables.domains,
      page,
      (domain) => maySee(context, domain.partnerId),
      (domain) => domain.name,
    );

  updateDomain: Method<'updateDomain'> = async (context, id, version, change) => {
    const refusal = firstOf(
      given(change.catchAll ?? undefined, (address) => checkAddress('catchAll', address)),
      given(change.detailSeparator, checkSeparator),
    );
    if (refusal) return err(refusal);
    const domain = this.tables.domains.get(id);
    if (!domain || !maySee(context, domain.partnerId)) return notFound('domain');
    const catchAll = change.catchAll === undefined ? {} : { catchAll: normaliseCatchAll(change.catchAll) };
    const updated = update(this.tables.domains, domain, version, { ...change, ...catchAll }, 'domain');
    if (updated.ok) this.tables.changed(`@${domain.name}`);
    return updated;
  };

  deleteDomain: Method<'deleteDomain'> = async (context, id, version) => {
    const domain = this.tables.domains.get(id);
    if (!domain || !maySee(context, domain.partnerId)) return notFound('domain');
    if (version !== undefined && version !== domain.version) return err({ code: 'stale', what: 'domain' });
    if (find(this.tables.accounts, (account) => account.domainId === id)) return conflict('the domain has accounts');
    for (const alias of this.tables.aliases.values()) if (alias.domainId === id) this.tables.aliases.delete(alias.id);
    this.tables.domains.delete(id);
    this.tables.changed(`@${domain.name}`);
    return ok(undefined);
  };

  createAccount: Method<'createAccount'> = async (context, input) => {
    const refusal = firstOf(
      checkLocalAddress('email', input.email),
      checkPassword(input.password),
      given(input.displayName, (name) => checkName('displayName', name)),
      given(input.quotaBytes, checkQuota),
    );
    if (refusal) return err(refusal);
    const { key, domain: domainName } = present(parseAddress(input.email), 'checked above');
    const domain = this.tables.domainNamed(domainName);
    if (!domain || !maySee(context, domain.partnerId)) return notFound('domain');
    if (this.isTaken(key)) return conflict(`address ${key} exists`);
    const volume = this.place(domain, input.volumeId);
    if (!volume.ok) return volume;
    const secrets = await passwordSecrets(input.password, this.random, this.passwordCost);
    if (this.isTaken(key)) return conflict(`address ${key} exists`);
    const account: AccountRow = this.insert(this.tables.accounts, {
      partnerId: domain.partnerId,
      domainId: domain.id,
      email: key,
      displayName: input.displayName ?? null,
      state: 'active',
      volumeId: volume.value,
      quotaBytes: input.quotaBytes ?? 0,
      ...secrets,
    });
    this.meter('start', account);
    this.tables.changed(key);
    return ok(withoutSecrets(account));
  };

  findAccount: Method<'findAccount'> = async (context, idOrEmail) => {
    const account = this.tables.accounts.get(idOrEmail) ?? this.tables.accountNamed(parseAddress(idOrEmail)?.key ?? '');
    return account && maySee(context, account.partnerId) ? ok(withoutSecrets(account)) : notFound('account');
  };

  listAccounts: Method<'listAccounts'> = async (context, page) => {
    const wanted = this.inDomain(context, page.domain);
    const { items, ...rest } = list(this.tables.accounts, page, wanted, (account) => account.email);
    return { items: items.map(withoutSecrets), ...rest };
  };

  updateAccount: Method<'updateAccount'> = async (context, id, version, change) => {
    const refusal = firstOf(
      given(change.displayName ?? undefined, (name) => checkName('displayName', name)),
      given(change.quotaBytes, checkQuota),
      given(change.password, checkPassword),
    );
    if (refusal) return err(refusal);
    const { password, ...plain } = change;
    const secrets = password === undefined ? {} : await passwordSecrets(password, this.random, this.passwordCost);
    const account = this.tables.accounts.get(id);
    if (!account || !maySee(context, account.partnerId)) return notFound('account');
    const updated = update(this.tables.accounts, account, version, { ...plain, ...secrets }, 'account');
    if (!updated.ok) return updated;
    if (password !== undefined) this.tokens.revoke(id);
    this.tables.changed(account.email);
    return ok(withoutSecrets(updated.value));
  };

  deleteAccount: Method<'deleteAccount'> = async (context, id, version) => {
    const account = this.tables.accounts.get(id);
    if (!account || !maySee(context, account.partnerId)) return notFound('account');
    if (version !== undefined && version !== account.version) return err({ code: 'stale', what: 'account' });
    this.tables.accounts.delete(id);
    this.tokens.revoke(id);
    this.meter('stop', account);
    this.tables.changed(account.email);
    return ok(undefined);
  };

  createAlias: Method<'createAlias'> = async (context, input) => {
    const refusal = firstOf(checkLocalAddress('email', input.email), checkTargets(input.targets));
    if (refusal) return err(refusal);
    const { key, domain: domainName } = present(parseAddress(input.email), 'checked above');
    const domain = this.tables.domainNamed(domainName);
    if (!domain || !maySee(context, domain.partnerId)) return notFound('domain');
    if (this.isTaken(key)) return conflict(`address ${key} exists`);
    const alias: Versioned<Alias> = this.insert(this.tables.aliases, {
      partnerId: domain.partnerId,
      domainId: domain.id,
      email: key,
      targets: normaliseTargets(input.targets),
    });
    this.tables.changed(key);
    return ok(alias);
  };

  findAlias: Method<'findAlias'> = async (context, idOrEmail) => {
    const alias = this.tables.aliases.get(idOrEmail) ?? this.tables.aliasNamed(parseAddress(idOrEmail)?.key ?? '');
    return alias && maySee(context, alias.partnerId) ? ok(alias) : notFound('alias');
  };

  listAliases: Method<'listAliases'> = async (context, page) =>
    list(this.tables.aliases, page, this.inDomain(context, page.domain), (alias) => alias.email);

  updateAlias: Method<'updateAlias'> = async (context, id, version, change) => {
    const refusal = checkTargets(change.targets);
    if (refusal) return err(refusal);
    const alias = this.tables.aliases.get(id);
    if (!alias || !maySee(context, alias.partnerId)) return notFound('alias');
    const targets = normaliseTargets(change.targets);
    const updated = update(this.tables.aliases, alias, version, { targets }, 'alias');
    if (updated.ok) this.tables.changed(alias.email);
    return updated;
  };

  deleteAlias: Method<'deleteAlias'> = async (context, id, version) => {
    const alias = this.tables.aliases.get(id);
    if (!alias || !maySee(context, alias.partnerId)) return notFound('alias');
    if (version !== undefined && version !== alias.version) return err({ code: 'stale', what: 'alias' });
    this.tables.aliases.delete(id);
    this.tables.changed(alias.email);
    return ok(undefined);
  };

  createApiKey: Method<'createApiKey'> = (...given) => this.keys.create(...given);
  listApiKeys: Method<'listApiKeys'> = (...given) => this.keys.list(...given);
  deleteApiKey: Method<'deleteApiKey'> = (...given) => this.keys.delete(...given);
  authenticateApiKey: Method<'authenticateApiKey'> = (...given) => this.keys.authenticate(...given);

  createAccountToken: Method<'createAccountToken'> = (...given) => this.tokens.create(...given);
  listAccountTokens: Method<'listAccountTokens'> = (...given) => this.tokens.list(...given);
  deleteAccountToken: Method<'deleteAccountToken'> = (...given) => this.tokens.delete(...given);

  private insert<T extends { readonly id: string }>(
    table: Map<string, T>,
    values: Omit<T, 'id' | 'createdAt' | 'version'>,
  ): T {
    const id = this.random.uuid();
    const row = { ...values, id, version: 1, createdAt: new Date(this.clock.now()) } as unknown as T;
    table.set(id, row);
    return row;
  }

  private isTaken(email: string): boolean {
    return this.tables.accountNamed(email) !== undefined || this.tables.aliasNamed(email) !== undefined;
  }

  private inDomain(context: RequestContext, idOrName: string | undefined): (row: Account | Alias) => boolean {
    if (idOrName === undefined) return (row) => maySee(context, row.partnerId);
    const domain = this.tables.domains.get(idOrName) ?? this.tables.domainNamed(normaliseDomain(idOrName) ?? '');
    return (row) => row.domainId === domain?.id && maySee(context, row.partnerId);
  }

  private place(domain: Domain, wanted: string | undefined): Answer<string> {
    const volumes = [...this.tables.volumes.values()].filter((volume) => volume.clusterId === domain.clusterId);
    if (wanted !== undefined) return volumes.some((volume) => volume.id === wanted) ? ok(wanted) : notFound('volume');
    const load = (volume: { id: string; weight: number }): number =>
      [...this.tables.accounts.values()].filter((account) => account.volumeId === volume.id).length / volume.weight;
    const [best] = volumes
      .filter((volume) => volume.volumeClass === domain.volumeClass)
      .sort((a, b) => load(a) - load(b) || (a.id < b.id ? -1 : 1));
    return best ? ok(best.id) : err({ code: 'noVolume', clusterId: domain.clusterId });
  }

  private meter(kind: 'start' | 'stop', account: Account): void {
    const { id, partnerId } = account;
    this.tables.usage.push({ id: `mailbox~${id}~${kind}`, kind, meter: 'mailbox', partnerId, subject: id });
  }
}

const normaliseCatchAll = (address: string | null): string | null =>
  address === null ? null : present(parseAddress(address), 'checked above').address;

/** Each once, in the order given. */
const normaliseTargets = (targets: readonly string[]): string[] => [
  ...new Set(targets.map((target) => present(parseAddress(target), 'checked above').address)),
];

const withoutSecrets = ({ verifier: _, scramKeys: _keys, ...account }: AccountRow): Versioned<Account> => account;
