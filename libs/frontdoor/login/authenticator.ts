import { createHmac, timingSafeEqual } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import {
  type AccountRoute,
  type DirectoryLookup,
  DirectoryUnavailableError,
  hashPassword,
  isSecretOf,
  type LoginRecord,
  normaliseAddress,
  readTokenSecret,
  scramKeysOf,
  verifyPassword,
} from '#directory/api';
import { parseScramKeys, type ScramKeys } from '#protocol/sasl';
import type { Clock, Logger, Random } from '#stdx';
import type { Bulletin } from '../limits/bulletin.ts';
import { DEFAULT_FAILURE_LIMITS, FailureLedger, type FailureLimits } from '../limits/failure-ledger.ts';
import { Slots, SlotsFullError } from './slots.ts';

/** Who wants to sign in. */
export interface SignInClient {
  /** The client's own address. */
  readonly address: string;
  /** For logs. */
  readonly protocol: string;
}

export interface LoginAttempt extends SignInClient {
  readonly username: string;
  readonly password: string;
}

export type LoginOutcome =
  | { readonly kind: 'accepted'; readonly route: AccountRoute }
  /** Wrong name or wrong password: which of them is never said. */
  | { readonly kind: 'refused' }
  /** The password was right, but the account may not sign in. */
  | { readonly kind: 'disabled' }
  /** Too many failures; not looked at. */
  | { readonly kind: 'limited'; readonly waitMs: number }
  /** The directory is away and knows nothing of the account here, or the hub has too much to verify. */
  | { readonly kind: 'unavailable' };

export interface AuthenticatorLimits extends FailureLimits {
  /** Argon2 runs at once: each takes a core and 19 MiB for tens of milliseconds. 3: one of libuv's four threads stays free for names and files. */
  readonly verificationsMax: number;
  /** And waiting for one of those. 500: about five seconds of them. */
  readonly verificationsWaitingMax: number;
  /** How long a successful verification is remembered as a keyed hash. 3,600,000. */
  readonly verifiedMs: number;
  /** How many. 100,000. */
  readonly verifiedMax: number;
}

export const DEFAULT_AUTHENTICATOR_LIMITS: AuthenticatorLimits = {
  ...DEFAULT_FAILURE_LIMITS,
  verificationsMax: 3,
  verificationsWaitingMax: 500,
  verifiedMs: 3_600_000,
  verifiedMax: 100_000,
};

interface Verified {
  readonly digest: Buffer;
  readonly until: number;
}

/**
 * Checks passwords, proofs of SCRAM and bearer tokens against what the directory keeps of them: passwords against Argon2id
 * verifiers. What verified is remembered as an HMAC under a key
 * that lives in this process alone, so that the next sign-in costs microseconds and a memory dump no more than a password
 * guess. The same hash with another verifier (the password was changed) does not match.
 */
export class Authenticator {
  private readonly key: Buffer;
  private readonly verified: LRUCache<string, Verified>;
  /** The last wrong password of each account, as digest. */
  private readonly wrong: LRUCache<string, Buffer>;
  private readonly ledger: FailureLedger;
  private readonly slots: Slots;
  private decoy: Promise<string> | undefined;

  constructor(
    private readonly directory: DirectoryLookup,
    private readonly clock: Pick<Clock, 'now' | 'monotonic' | 'sleep'>,
    private readonly random: Random,
    private readonly logger: Logger,
    bulletin: Bulletin,
    private readonly limits: AuthenticatorLimits = DEFAULT_AUTHENTICATOR_LIMITS,
  ) {
    this.key = random.bytes(32);
    this.verified = new LRUCache({ max: limits.verifiedMax });
    this.wrong = new LRUCache({ max: limits.rememberedMax });
    this.ledger = new FailureLedger(clock, bulletin, limits);
    this.slots = new Slots(limits.verificationsMax, limits.verificationsWaitingMax);
  }

  /** Never rejects. A refusal comes back only after its delay. */
  async authenticate(attempt: LoginAttempt): Promise<LoginOutcome> {
    const account = accountOf(attempt.username);
    return this.guarded(attempt, account, () => this.check(attempt, account));
  }

  /** What SCRAM needs of an account: `null` when it has no keys, or nobody has that name. An outcome when nothing may be tried now. */
  async scramKeys(client: SignInClient, username: string): Promise<ScramKeys | null | LoginOutcome> {
    const account = accountOf(username);
    let keys: ScramKeys | null = null;
    const ended = await this.guarded(client, account, async () => {
      const login = await this.directory.findLogin(username);
      keys = login?.scramKeys ? parseScramKeys(login.scramKeys) : null;
      return undefined;
    });
    return ended ?? keys;
  }

  /** SCRAM's end: whether the client has proven to know the password of the name. Never rejects. */
  async conclude(client: SignInClient, username: string, proven: boolean): Promise<LoginOutcome> {
    const account = accountOf(username);
    return this.guarded(client, account, async () => {
      const login = proven ? await this.directory.findLogin(username) : undefined;
      return login ? this.admit(client, account, login) : this.refuse(this.ledger.failed(account, client.address));
    });
  }

  /** A bearer token, RFC 6750. `claimed` is the account the client names, '' for whoever's it is. Never rejects. */
  async authenticateToken(client: SignInClient, token: string, claimed: string): Promise<LoginOutcome> {
    const account = accountOf(claimed);
    return this.guarded(client, account, async () => {
      const secret = readTokenSecret(token);
      const found = secret && (await this.directory.findToken(secret.prefix));
      const isGood = found && isSecretOf(secret, found.hash) && this.clock.now() < found.expiresAt;
      const isTheirs = claimed === '' || found?.route.email === account;
      if (!isGood || !isTheirs) return this.refuse(this.ledger.failed(account, client.address));
      return this.admit(client, found.route.email, found);
    });
  }

  /** Runs a check unless there were too many failures; what it comes to is logged. */
  private async guarded<Outcome extends LoginOutcome | undefined>(
    client: SignInClient,
    account: string,
    check: () => Promise<Outcome>,
  ): Promise<Outcome | LoginOutcome> {
    const waitMs = this.ledger.waitMs(account, client.address);
    if (waitMs > 0) return this.tell(client, account, { kind: 'limited', waitMs });
    try {
      const outcome = await check();
      return outcome && this.tell(client, account, outcome);
    } catch (error) {
      const known = error instanceof DirectoryUnavailableError || error instanceof SlotsFullError;
      this.logger.warn({ account, error: (error as Error).message, expected: known }, 'sign-in could not be checked');
      return { kind: 'unavailable' };
    }
  }

  private async check(attempt: LoginAttempt, account: string): Promise<LoginOutcome> {
    const login = await this.directory.findLogin(attempt.username);
    if (!login) {
      // As much work as for an account that exists, so that time does not tell which do.
      await this.slots.run(async () => verifyPassword(await this.decoyVerifier(), attempt.password));
      return this.refuse(this.ledger.failed(account, attempt.address));
    }
    const digest = this.digest(login.verifier, attempt.password);
    if (!this.remembered(account, digest)) {
      const before = this.wrong.get(account);
      if (before && timingSafeEqual(before, digest)) return this.refuse(this.ledger.failedAgain(attempt.address));
      if (!(await this.slots.run(() => verifyPassword(login.verifier, attempt.password)))) {
        this.wrong.set(account, digest);
        return this.refuse(this.ledger.failed(account, attempt.address));
      }
      this.verified.set(account, { digest, until: this.clock.monotonic() + this.limits.verifiedMs });
      if (login.scramKeys === null) void this.keepScramKeys(login, attempt.password);
    }
    return this.admit(attempt, account, login);
  }

  /** The account has proven itself; whether it may come in is another matter. */
  private admit({ address }: SignInClient, account: string, { route }: Pick<LoginRecord, 'route'>): LoginOutcome {
    this.ledger.succeeded(account, address);
    return route.state === 'active' ? { kind: 'accepted', route } : { kind: 'disabled' };
  }

  /** Accounts whose password was set before SCRAM keys were kept get theirs when it is next used. */
  private async keepScramKeys({ route, verifier }: LoginRecord, password: string): Promise<void> {
    try {
      const keys = await this.slots.run(() => scramKeysOf(password, this.random));
      if (keys !== null) await this.directory.keepScramKeys(route.accountId, verifier, keys);
    } catch (error) {
      this.logger.warn({ account: route.email, error: (error as Error).message }, 'SCRAM keys could not be kept');
    }
  }

  private remembered(account: string, digest: Buffer): boolean {
    const verified = this.verified.get(account);
    return (
      verified !== undefined && this.clock.monotonic() < verified.until && timingSafeEqual(verified.digest, digest)
    );
  }

  private async refuse(delayMs: number): Promise<LoginOutcome> {
    await this.clock.sleep(delayMs);
    return { kind: 'refused' };
  }

  private digest(verifier: string, password: string): Buffer {
    // A verifier holds no NUL, so that no two pairs are the same bytes.
    return createHmac('sha256', this.key).update(verifier).update('\0').update(password).digest();
  }

  private decoyVerifier(): Promise<string> {
    this.decoy ??= hashPassword(this.random.bytes(16).toString('hex'), this.random);
    return this.decoy;
  }

  private tell(client: SignInClient, account: string, outcome: LoginOutcome): LoginOutcome {
    const { address, protocol } = client;
    if (outcome.kind === 'accepted') this.logger.debug({ account, address, protocol }, 'signed in');
    else this.logger.info({ account, address, protocol, outcome: outcome.kind }, 'sign-in refused');
    return outcome;
  }
}

const accountOf = (username: string): string => normaliseAddress(username) ?? username.toLowerCase();
