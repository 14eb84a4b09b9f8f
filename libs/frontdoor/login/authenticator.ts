import { createHmac, timingSafeEqual } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import {
  type AccountRoute,
  type DirectoryLookup,
  DirectoryUnavailableError,
  hashPassword,
  normaliseAddress,
  verifyPassword,
} from '#directory/api';
import type { Clock, Logger, Random } from '#stdx';
import { DEFAULT_FAILURE_LIMITS, FailureLedger, type FailureLimits } from './failure-ledger.ts';
import { Slots, SlotsFullError } from './slots.ts';

export interface LoginAttempt {
  readonly username: string;
  readonly password: string;
  /** The client's own address. */
  readonly address: string;
  /** For logs. */
  readonly protocol: string;
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
 * Checks names and passwords against the directory's Argon2id verifiers. What verified is remembered as an HMAC under a key
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
    private readonly clock: Pick<Clock, 'monotonic' | 'sleep'>,
    private readonly random: Random,
    private readonly logger: Logger,
    private readonly limits: AuthenticatorLimits = DEFAULT_AUTHENTICATOR_LIMITS,
  ) {
    this.key = random.bytes(32);
    this.verified = new LRUCache({ max: limits.verifiedMax });
    this.wrong = new LRUCache({ max: limits.rememberedMax });
    this.ledger = new FailureLedger(clock, limits);
    this.slots = new Slots(limits.verificationsMax, limits.verificationsWaitingMax);
  }

  /** Never rejects. A refusal comes back only after its delay. */
  async authenticate(attempt: LoginAttempt): Promise<LoginOutcome> {
    const account = normaliseAddress(attempt.username) ?? attempt.username.toLowerCase();
    const waitMs = this.ledger.waitMs(account, attempt.address);
    if (waitMs > 0) return this.tell(attempt, account, { kind: 'limited', waitMs });
    try {
      return this.tell(attempt, account, await this.check(attempt, account));
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
    }
    this.ledger.succeeded(account, attempt.address);
    return login.route.state === 'active' ? { kind: 'accepted', route: login.route } : { kind: 'disabled' };
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

  private tell(attempt: LoginAttempt, account: string, outcome: LoginOutcome): LoginOutcome {
    const { address, protocol } = attempt;
    if (outcome.kind === 'accepted') this.logger.debug({ account, address, protocol }, 'signed in');
    else this.logger.info({ account, address, protocol, outcome: outcome.kind }, 'sign-in refused');
    return outcome;
  }
}
