export type PartnerState = 'active' | 'suspended' | 'closed';
/** `suspended`: no sign-in and no sending, mail is still received. `receiveBlocked`: nothing either way; mail is kept. */
export type AccountState = 'active' | 'suspended' | 'receiveBlocked';

/** A hosting company. Owns domains, pays for use. */
export interface Partner {
  readonly id: string;
  /** URL-safe handle, unique: `acme-hosting`. */
  readonly slug: string;
  readonly name: string;
  readonly state: PartnerState;
  /** ISO 4217; the currency of its invoices. */
  readonly currency: string;
  /** IANA zone its billing months are cut in. */
  readonly timeZone: string;
  readonly createdAt: Date;
}

/** A DNS domain whose mail we hold. Its accounts may be spread over any volumes of its cluster (split domain). */
export interface Domain {
  readonly id: string;
  readonly partnerId: string;
  /** A-label form, lower case: `xn--bcher-kva.example`. */
  readonly name: string;
  readonly clusterId: string;
  /** Address that receives mail for unknown local parts; `null` rejects them. */
  readonly catchAll: string | null;
  /** Separator of plus addressing, `+` by default; '' turns it off. */
  readonly detailSeparator: string;
  readonly volumeClass: string;
  readonly createdAt: Date;
}

/** A login and its store. */
export interface Account {
  readonly id: string;
  readonly partnerId: string;
  readonly domainId: string;
  /** `local@domain`, lower case, domain as A-label. */
  readonly email: string;
  readonly displayName: string | null;
  readonly state: AccountState;
  /** Home volume. */
  readonly volumeId: string;
  /** 0 = unlimited. */
  readonly quotaBytes: number;
  readonly createdAt: Date;
}

/** An address that stands for others, local or anywhere. */
export interface Alias {
  readonly id: string;
  readonly partnerId: string;
  readonly domainId: string;
  readonly email: string;
  /** 1 … 1,000 addresses. */
  readonly targets: readonly string[];
  readonly createdAt: Date;
}

export type ApiKeyScope = 'read' | 'write' | 'usage' | 'operator';
export interface ApiKey {
  readonly id: string;
  /** `null` for the operator's own. */
  readonly partnerId: string | null;
  readonly name: string;
  /** First characters, for people to recognise it; the secret itself is stored hashed. */
  readonly prefix: string;
  readonly scopes: readonly ApiKeyScope[];
  readonly createdAt: Date;
  readonly lastUsedAt: Date | null;
}

/** Opens one account's mail in the place of its password (OAUTHBEARER, XOAUTH2), until it expires, is revoked, or the password changes. */
export interface AccountToken {
  readonly id: string;
  readonly partnerId: string;
  readonly accountId: string;
  readonly name: string;
  /** First characters, for people to recognise it; the secret itself is stored hashed. */
  readonly prefix: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}
