import type {
  Account,
  AccountState,
  AccountToken,
  Alias,
  ApiKey,
  ApiKeyScope,
  Domain,
  Partner,
  PartnerState,
  Versioned,
} from '#directory/api';

export interface PartnerRow {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly state: PartnerState;
  readonly currency: string;
  readonly time_zone: string;
  readonly version: number;
  readonly created_at: Date;
}

export interface DomainRow {
  readonly id: string;
  readonly partner_id: string;
  readonly name: string;
  readonly cluster_id: string;
  readonly catch_all: string | null;
  readonly detail_separator: string;
  readonly volume_class: string;
  readonly version: number;
  readonly created_at: Date;
}

export interface AccountRow {
  readonly id: string;
  readonly partner_id: string;
  readonly domain_id: string;
  readonly email: string;
  readonly display_name: string | null;
  readonly state: AccountState;
  readonly volume_id: string;
  /** bigint, as text. */
  readonly quota_bytes: string;
  readonly version: number;
  readonly created_at: Date;
}

export interface AliasRow {
  readonly id: string;
  readonly partner_id: string;
  readonly domain_id: string;
  readonly email: string;
  readonly targets: readonly string[];
  readonly version: number;
  readonly created_at: Date;
}

export interface ApiKeyRow {
  readonly id: string;
  readonly partner_id: string | null;
  readonly name: string;
  readonly prefix: string;
  readonly secret_hash: Buffer;
  readonly scopes: readonly ApiKeyScope[];
  readonly created_at: Date;
  readonly last_used_at: Date | null;
}

export const partnerOf = (row: PartnerRow): Versioned<Partner> => ({
  id: row.id,
  slug: row.slug,
  name: row.name,
  state: row.state,
  currency: row.currency,
  timeZone: row.time_zone,
  createdAt: row.created_at,
  version: row.version,
});

export const domainOf = (row: DomainRow): Versioned<Domain> => ({
  id: row.id,
  partnerId: row.partner_id,
  name: row.name,
  clusterId: row.cluster_id,
  catchAll: row.catch_all,
  detailSeparator: row.detail_separator,
  volumeClass: row.volume_class,
  createdAt: row.created_at,
  version: row.version,
});

export const accountOf = (row: AccountRow): Versioned<Account> => ({
  id: row.id,
  partnerId: row.partner_id,
  domainId: row.domain_id,
  email: row.email,
  displayName: row.display_name,
  state: row.state,
  volumeId: row.volume_id,
  quotaBytes: Number(row.quota_bytes),
  createdAt: row.created_at,
  version: row.version,
});

export const aliasOf = (row: AliasRow): Versioned<Alias> => ({
  id: row.id,
  partnerId: row.partner_id,
  domainId: row.domain_id,
  email: row.email,
  targets: row.targets,
  createdAt: row.created_at,
  version: row.version,
});

export const apiKeyOf = (row: ApiKeyRow): ApiKey => ({
  id: row.id,
  partnerId: row.partner_id,
  name: row.name,
  prefix: row.prefix,
  scopes: row.scopes,
  createdAt: row.created_at,
  lastUsedAt: row.last_used_at,
});

export interface AccountTokenRow {
  readonly id: string;
  readonly partner_id: string;
  readonly account_id: string;
  readonly name: string;
  readonly prefix: string;
  readonly secret_hash: Buffer;
  readonly created_at: Date;
  readonly expires_at: Date;
}

export const accountTokenOf = (row: AccountTokenRow): AccountToken => ({
  id: row.id,
  partnerId: row.partner_id,
  accountId: row.account_id,
  name: row.name,
  prefix: row.prefix,
  createdAt: row.created_at,
  expiresAt: row.expires_at,
});
