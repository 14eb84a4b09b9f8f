import {
  type AccountRoute,
  concludeResolution,
  type DirectoryLookup,
  DirectoryUnavailableError,
  effectiveState,
  type LoginRecord,
  parseAddress,
  RESOLUTION_ADDRESSES_MAX,
  RESOLUTION_HOPS_MAX,
  type RecipientResolution,
  type ResolutionStep,
  type TokenRecord,
  withoutDetail,
} from '#directory/api';
import { present } from '#stdx';
import { type AccountRow, find, type Tables } from './tables.ts';

type Found = Pick<ResolutionStep, 'outcome' | 'base' | 'partnerId' | 'partnerState' | 'route'> & {
  readonly targets: readonly string[];
};

export class MemoryDirectoryLookup implements DirectoryLookup {
  /** Set to see what a caller does while PostgreSQL is away. */
  unavailable = false;

  constructor(private readonly tables: Tables) {}

  async resolveRecipient(address: string): Promise<RecipientResolution> {
    this.ask();
    return concludeResolution(this.walk(address, true));
  }

  async findLogin(username: string): Promise<LoginRecord | undefined> {
    this.ask();
    const parsed = parseAddress(username);
    const account = parsed && this.tables.accountNamed(parsed.key);
    if (!account) return undefined;
    const { verifier, scramKeys } = account;
    return { route: this.routeOf(account), verifier, scramKeys };
  }

  async findToken(prefix: string): Promise<TokenRecord | undefined> {
    this.ask();
    const token = find(this.tables.accountTokens, (row) => row.prefix === prefix);
    const account = token && this.tables.accounts.get(token.accountId);
    return account && { route: this.routeOf(account), hash: token.hash, expiresAt: token.expiresAt.getTime() };
  }

  async maySendAs(accountId: string, address: string): Promise<boolean> {
    this.ask();
    return this.walk(address, false).some((step) => step.route?.accountId === accountId);
  }

  async keepScramKeys(accountId: string, verifier: string, scramKeys: string): Promise<void> {
    this.ask();
    const account = this.tables.accounts.get(accountId);
    if (account?.verifier !== verifier || account.scramKeys !== null) return;
    this.tables.accounts.set(accountId, { ...account, scramKeys });
    this.tables.changed(account.email);
  }

  watch(listener: (address: string) => void): () => void {
    return this.tables.watch(listener);
  }

  private ask(): void {
    if (this.unavailable) throw new DirectoryUnavailableError('the directory is away');
  }

  /** Breadth first, each address once. */
  private walk(address: string, useCatchAll: boolean): ResolutionStep[] {
    const steps: ResolutionStep[] = [];
    const waiting: { address: string; hop: number }[] = [{ address, hop: 0 }];
    const met = new Set<string>();
    for (let item = waiting.shift(); item && steps.length <= RESOLUTION_ADDRESSES_MAX; item = waiting.shift()) {
      const parsed = parseAddress(item.address);
      if (!parsed || met.has(parsed.address)) continue;
      met.add(parsed.address);
      const { targets, ...found } = this.lookUp(parsed.key, parsed.domain, useCatchAll);
      const next = targets.map((target) => present(parseAddress(target), 'an address kept is one').key);
      steps.push({ address: parsed.address, key: parsed.key, hop: item.hop, next, ...found });
      if (item.hop >= RESOLUTION_HOPS_MAX) continue;
      for (const target of targets) waiting.push({ address: target, hop: item.hop + 1 });
    }
    return steps;
  }

  private lookUp(key: string, domainName: string, useCatchAll: boolean): Found {
    const domain = this.tables.domainNamed(domainName);
    if (!domain) return { outcome: 'remote', targets: [] };
    const { partnerId } = domain;
    const base = withoutDetail(key, domain.detailSeparator);
    const known = { partnerId, partnerState: this.partnerState(partnerId), ...(base ? { base } : {}) };
    const account = this.tables.accountNamed(key);
    if (account) return { ...known, outcome: 'account', targets: [], route: this.routeOf(account) };
    const alias = this.tables.aliasNamed(key);
    if (alias) return { ...known, outcome: 'alias', targets: alias.targets };
    if (base && (this.tables.accountNamed(base) || this.tables.aliasNamed(base)))
      return { ...known, outcome: 'detail', targets: [base] };
    if (useCatchAll && domain.catchAll !== null) return { ...known, outcome: 'catchAll', targets: [domain.catchAll] };
    return { ...known, outcome: 'unknown', targets: [] };
  }

  private partnerState(partnerId: string): 'active' | 'suspended' | 'closed' {
    return present(this.tables.partners.get(partnerId), 'the partner of a domain').state;
  }

  private routeOf(account: AccountRow): AccountRoute {
    const domain = present(this.tables.domains.get(account.domainId), 'the domain of an account');
    return {
      accountId: account.id,
      email: account.email,
      partnerId: account.partnerId,
      domainId: account.domainId,
      clusterId: domain.clusterId,
      volumeId: account.volumeId,
      quotaBytes: account.quotaBytes,
      state: effectiveState(account.state, this.partnerState(account.partnerId)),
    };
  }
}
