/** Where an account lives and who it is: all a hub needs to route to it. */
export interface AccountRoute {
  readonly accountId: string;
  readonly email: string;
  readonly partnerId: string;
  readonly domainId: string;
  readonly clusterId: string;
  readonly volumeId: string;
  readonly quotaBytes: number;
  readonly state: 'active' | 'suspended' | 'receiveBlocked';
}

/** What a recipient address comes to once aliases, plus addressing and catch-all are applied. */
export type RecipientResolution = RecipientOutcome & {
  /**
   * What a cache of the answer must watch: every address asked on the way (normalised; with a nested alias or a detail
   * more than the one given) and every domain, as `@domain`. A change of any may change the answer.
   */
  readonly dependsOn?: readonly string[];
};

type RecipientOutcome =
  | {
      readonly kind: 'deliver';
      /** Local accounts, each once. */
      readonly accounts: readonly AccountRoute[];
      /** Addresses elsewhere (an alias's outside targets). */
      readonly remote: readonly string[];
      /** Partner of the address's domain, who is billed for the remote copies. */
      readonly partnerId: string;
    }
  /** Domain is ours, the local part is nobody: 550 5.1.1. */
  | { readonly kind: 'unknownUser' }
  /** Domain is not ours: relay only for authenticated senders, else 550 5.7.1. */
  | { readonly kind: 'notLocal' }
  /** Ours, but not accepting mail now. */
  | { readonly kind: 'blocked'; readonly reason: string };

export interface LoginRecord {
  readonly route: AccountRoute;
  /** Argon2id verifier in PHC string format. */
  readonly verifier: string;
  /** SCRAM-SHA-256 keys in the format of RFC 5803; `null` until the password is next set, or used (`keepScramKeys`). */
  readonly scramKeys: string | null;
}

/** A bearer token that opens an account's mail. */
export interface TokenRecord {
  readonly route: AccountRoute;
  /** SHA-256 of the token's text. */
  readonly hash: Uint8Array;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** The read side: by key only, safe to cache. Addresses are given as sent; implementations normalise. Throws `DirectoryUnavailableError` when the source cannot be asked. */
export interface DirectoryLookup {
  resolveRecipient(address: string): Promise<RecipientResolution>;
  /** By account address (aliases do not sign in). */
  findLogin(username: string): Promise<LoginRecord | undefined>;
  /** By the token's prefix (`readTokenSecret`). A change of it is announced as its account's address. */
  findToken(prefix: string): Promise<TokenRecord | undefined>;
  /** Addresses an account may use as reverse-path: its own, with any detail, and aliases that lead to it. */
  maySendAs(accountId: string, address: string): Promise<boolean>;
  /**
   * The one thing written here: keys of the password that has just been checked against `verifier`. Nothing happens when the
   * account has another verifier by now, or has keys.
   */
  keepScramKeys(accountId: string, verifier: string, scramKeys: string): Promise<void>;
  /** Something cached may be out of date: an address, `@domain` for all that depends on the domain, or `'*'` for everything. Returns the unsubscribe. */
  watch(listener: (address: string) => void): () => void;
}

/** PostgreSQL (or whatever stands behind) cannot be asked: temporary. */
export class DirectoryUnavailableError extends Error {
  override readonly name = 'DirectoryUnavailableError';
}
