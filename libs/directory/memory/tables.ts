import type { Account, AccountToken, Alias, ApiKey, Domain, Partner, PasswordSecrets, Versioned } from '#directory/api';
import type { RequestContext } from '#stdx';

export interface MemoryCluster {
  readonly id: string;
  readonly partnerId: string | null;
  /** Any partner may put domains there. */
  readonly shared: boolean;
}

export interface MemoryVolume {
  readonly id: string;
  readonly clusterId: string;
  readonly volumeClass: string;
  readonly weight: number;
}

/** The part of a usage event that says which mailbox began or ended. */
export interface MailboxEvent {
  readonly id: string;
  readonly kind: 'start' | 'stop';
  readonly meter: 'mailbox';
  readonly partnerId: string;
  readonly subject: string;
}

export type AccountRow = Versioned<Account> & PasswordSecrets;
export type ApiKeyRow = ApiKey & { readonly hash: Buffer };
export type AccountTokenRow = AccountToken & { readonly hash: Buffer };

/** Rows by id. */
export class Tables {
  readonly clusters = new Map<string, MemoryCluster>();
  readonly volumes = new Map<string, MemoryVolume>();
  readonly partners = new Map<string, Versioned<Partner>>();
  readonly domains = new Map<string, Versioned<Domain>>();
  readonly accounts = new Map<string, AccountRow>();
  readonly aliases = new Map<string, Versioned<Alias>>();
  readonly apiKeys = new Map<string, ApiKeyRow>();
  readonly accountTokens = new Map<string, AccountTokenRow>();
  readonly usage: MailboxEvent[] = [];
  private readonly listeners = new Set<(address: string) => void>();

  watch(listener: (address: string) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  changed(address: string): void {
    for (const listener of this.listeners) listener(address);
  }

  partnerNamed(slug: string): Versioned<Partner> | undefined {
    return find(this.partners, (partner) => partner.slug === slug);
  }
  domainNamed(name: string): Versioned<Domain> | undefined {
    return find(this.domains, (domain) => domain.name === name);
  }
  accountNamed(email: string): AccountRow | undefined {
    return find(this.accounts, (account) => account.email === email);
  }
  aliasNamed(email: string): Versioned<Alias> | undefined {
    return find(this.aliases, (alias) => alias.email === email);
  }
}

export function find<T>(rows: ReadonlyMap<string, T>, wanted: (row: T) => boolean): T | undefined {
  for (const row of rows.values()) if (wanted(row)) return row;
  return undefined;
}

/** What row-level security does in PostgreSQL. */
export const maySee = (context: RequestContext, partnerId: string | null): boolean =>
  context.partnerId === undefined || context.partnerId === partnerId;
