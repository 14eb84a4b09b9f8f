import {
  type AccountRoute,
  type DirectoryLookup,
  DirectoryUnavailableError,
  type LoginRecord,
  normaliseAddress,
  type RecipientResolution,
  type TokenRecord,
  withoutDetail,
} from '#directory/api';
import type { Clock } from '#stdx';
import { DEFAULT_DIRECTORY_CACHE_LIMITS, DirectoryCache, type DirectoryCacheLimits } from './directory-cache.ts';

/** What one kind of question makes of its answer. */
interface Question<V> {
  readonly ask: () => Promise<V>;
  readonly found: (value: V) => boolean;
  readonly dependsOn: (value: V) => readonly string[];
}

/** A question under way, shared by all who ask it meanwhile. */
interface Pending<V> {
  readonly answer: Promise<V>;
  /** Cleared when a change was announced after it was asked: its answer may be from before. */
  current: boolean;
}

/**
 * Another `DirectoryLookup`, remembered. While the source throws `DirectoryUnavailableError` what is remembered goes on
 * being served past its age (static stability); only a question never asked before fails then.
 */
export class CachedDirectory implements DirectoryLookup {
  private readonly recipients: DirectoryCache<RecipientResolution>;
  private readonly logins: DirectoryCache<LoginRecord | undefined>;
  private readonly tokens: DirectoryCache<TokenRecord | undefined>;
  private readonly senders: DirectoryCache<boolean>;
  private readonly pending = new Map<string, Pending<unknown>>();
  private readonly unwatch: () => void;
  private away = false;

  constructor(
    private readonly source: DirectoryLookup,
    private readonly clock: Pick<Clock, 'monotonic'>,
    limits: DirectoryCacheLimits = DEFAULT_DIRECTORY_CACHE_LIMITS,
  ) {
    this.recipients = new DirectoryCache(limits);
    this.logins = new DirectoryCache(limits);
    this.tokens = new DirectoryCache(limits);
    this.senders = new DirectoryCache(limits);
    this.unwatch = source.watch((address) => this.changed(address));
  }

  /** Whether the last question to the source found it away. */
  get sourceAway(): boolean {
    return this.away;
  }

  resolveRecipient(address: string): Promise<RecipientResolution> {
    const key = keyOf(address);
    return this.answer('recipient', this.recipients, key, {
      ask: () => this.source.resolveRecipient(address),
      found: (resolution) => resolution.kind === 'deliver',
      dependsOn: (resolution) => resolution.dependsOn ?? addressDependencies(key),
    });
  }

  findLogin(username: string): Promise<LoginRecord | undefined> {
    const key = keyOf(username);
    return this.answer('login', this.logins, key, {
      ask: () => this.source.findLogin(username),
      found: (login) => login !== undefined,
      dependsOn: () => addressDependencies(key),
    });
  }

  findToken(prefix: string): Promise<TokenRecord | undefined> {
    return this.answer('token', this.tokens, prefix, {
      ask: () => this.source.findToken(prefix),
      found: (token) => token !== undefined,
      dependsOn: (token) => (token ? addressDependencies(token.route.email) : []),
    });
  }

  maySendAs(accountId: string, address: string): Promise<boolean> {
    const key = keyOf(address);
    return this.answer('sender', this.senders, `${accountId} ${key}`, {
      ask: () => this.source.maySendAs(accountId, address),
      found: (may) => may,
      dependsOn: () => addressDependencies(key),
    });
  }

  keepScramKeys(accountId: string, verifier: string, scramKeys: string): Promise<void> {
    return this.source.keepScramKeys(accountId, verifier, scramKeys);
  }

  watch(listener: (address: string) => void): () => void {
    return this.source.watch(listener);
  }

  /** A node says that what we believe of the address is out of date. */
  forget(address: string): void {
    this.changed(keyOf(address));
  }

  /** Where the account lives, whatever was remembered of it; as given while the source is away, or when it is gone. */
  async routeAnew(account: AccountRoute): Promise<AccountRoute> {
    this.forget(account.email);
    try {
      const login = await this.findLogin(account.email);
      return login?.route.accountId === account.accountId ? login.route : account;
    } catch (error) {
      if (error instanceof DirectoryUnavailableError) return account;
      throw error;
    }
  }

  close(): void {
    this.unwatch();
  }

  private async answer<V>(kind: string, cache: DirectoryCache<V>, key: string, question: Question<V>): Promise<V> {
    const known = cache.get(key, this.clock.monotonic());
    if (known?.fresh) return known.value;
    try {
      return await this.ask(`${kind} ${key}`, cache, key, question);
    } catch (error) {
      if (!(error instanceof DirectoryUnavailableError)) throw error;
      // Read again: a change announced meanwhile has removed it, and what is known to be wrong is not served.
      const stale = cache.get(key, this.clock.monotonic());
      if (stale) return stale.value;
      throw error;
    }
  }

  private ask<V>(slot: string, cache: DirectoryCache<V>, key: string, question: Question<V>): Promise<V> {
    const underWay = this.pending.get(slot) as Pending<V> | undefined;
    if (underWay?.current) return underWay.answer;
    const pending: Pending<V> = { answer: this.fetch(cache, key, question, () => pending.current), current: true };
    this.pending.set(slot, pending as Pending<unknown>);
    const done = (): void => {
      if (this.pending.get(slot) === pending) this.pending.delete(slot);
    };
    pending.answer.then(done, done);
    return pending.answer;
  }

  private async fetch<V>(
    cache: DirectoryCache<V>,
    key: string,
    question: Question<V>,
    current: () => boolean,
  ): Promise<V> {
    try {
      const value = await question.ask();
      this.away = false;
      if (current()) cache.set(key, value, question.dependsOn(value), this.clock.monotonic(), question.found(value));
      return value;
    } catch (error) {
      if (error instanceof DirectoryUnavailableError) this.away = true;
      throw error;
    }
  }

  private changed(address: string): void {
    for (const pending of this.pending.values()) pending.current = false;
    for (const cache of [this.recipients, this.logins, this.tokens, this.senders] as const) {
      if (address === '*') cache.distrustAll();
      else cache.forget(address);
    }
  }
}

const keyOf = (address: string): string => normaliseAddress(address) ?? address.toLowerCase();

/** The address, the same without a detail, and its domain. */
function addressDependencies(key: string): readonly string[] {
  const base = withoutDetail(key, '+');
  const domain = key.slice(key.lastIndexOf('@'));
  return base === undefined ? [key, domain] : [key, base, domain];
}
