import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import type { Clock } from '#stdx';
import { addressBlock } from './address-block.ts';
import type { Bulletin } from './bulletin.ts';

export interface FailureLimits {
  /** Failures are forgotten this long after the last one. 600,000: fail2ban's `findtime`. */
  readonly windowMs: number;
  /** From one address (IPv6: one /64) before it has to wait. 100: an office behind one address has this many people. */
  readonly perAddressMax: number;
  /** On one account, from addresses it has never signed in from. 20. NIST SP 800-63B §5.2.2 allows 100. */
  readonly perAccountMax: number;
  /** The first refusal is answered after this. 2,000: Dovecot's `auth_failure_delay`. */
  readonly delayMs: number;
  /** Each further one of the same address takes twice as long, up to this. 15,000: the most Dovecot's penalty grows to. */
  readonly delayMsMax: number;
  /** Addresses and accounts remembered, each. 100,000. */
  readonly rememberedMax: number;
}

export const DEFAULT_FAILURE_LIMITS: FailureLimits = {
  windowMs: 600_000,
  perAddressMax: 100,
  perAccountMax: 20,
  delayMs: 2_000,
  delayMsMax: 15_000,
  rememberedMax: 100_000,
};

interface Tally {
  count: number;
  lastAt: number;
}

const TOPIC = 'sign-ins';
/** `own`: the account's password was known there. */
const Message = z.object({ account: z.string(), block: z.string(), own: z.boolean() });

/** Who failed to sign in, how often, where. In memory; what one hub sees, the others are told. */
export class FailureLedger {
  private readonly addresses: LRUCache<string, Tally>;
  private readonly accounts: LRUCache<string, Tally>;
  /** `account address` of successes: an account under attack is not closed to its owner. */
  private readonly familiar: LRUCache<string, true>;

  constructor(
    private readonly clock: Pick<Clock, 'monotonic'>,
    private readonly bulletin: Bulletin,
    private readonly limits: FailureLimits = DEFAULT_FAILURE_LIMITS,
  ) {
    bulletin.subscribe(TOPIC, (text) => this.heard(text));
    this.addresses = new LRUCache({ max: limits.rememberedMax });
    this.accounts = new LRUCache({ max: limits.rememberedMax });
    this.familiar = new LRUCache({ max: limits.rememberedMax });
  }

  /** Milliseconds until another try is let through; 0 = now. */
  waitMs(account: string, address: string): number {
    const { perAddressMax, perAccountMax } = this.limits;
    const block = addressBlock(address);
    const byAddress = this.remaining(this.addresses.get(block), perAddressMax);
    if (byAddress > 0 || this.familiar.has(`${account} ${block}`)) return byAddress;
    return this.remaining(this.accounts.get(account), perAccountMax);
  }

  /** Counts a failure; returns how long to hold the answer back. */
  failed(account: string, address: string): number {
    const block = addressBlock(address);
    this.tell(account, block, false);
    return this.delayFor(this.countFailure(account, block));
  }

  /** The same wrong password again is a client that was not told of a new one, not a guess: it is delayed, not counted. */
  failedAgain(address: string): number {
    return this.delayFor(this.addresses.get(addressBlock(address))?.count ?? 1);
  }

  succeeded(account: string, address: string): void {
    const block = addressBlock(address);
    if (!this.familiar.has(`${account} ${block}`)) this.tell(account, block, true);
    this.familiar.set(`${account} ${block}`, true);
    this.accounts.delete(account);
    // One's own account opened does not buy guesses at others': the address is only eased.
    const tally = this.addresses.get(block);
    if (tally) tally.count = Math.max(0, tally.count - 1);
  }

  private countFailure(account: string, block: string): number {
    this.count(this.accounts, account);
    return this.count(this.addresses, block);
  }

  private tell(account: string, block: string, own: boolean): void {
    this.bulletin.publish(TOPIC, JSON.stringify({ account, block, own }));
  }

  private heard(text: string): void {
    const message = read(text);
    if (!message) return;
    const { account, block, own } = message;
    if (own) this.familiar.set(`${account} ${block}`, true);
    else this.countFailure(account, block);
  }

  private count(tallies: LRUCache<string, Tally>, key: string): number {
    const now = this.clock.monotonic();
    const tally = tallies.get(key);
    const count = tally && now - tally.lastAt < this.limits.windowMs ? tally.count + 1 : 1;
    tallies.set(key, { count, lastAt: now });
    return count;
  }

  private remaining(tally: Tally | undefined, max: number): number {
    if (!tally || tally.count < max) return 0;
    return Math.max(0, tally.lastAt + this.limits.windowMs - this.clock.monotonic());
  }

  private delayFor(count: number): number {
    const { delayMs, delayMsMax } = this.limits;
    return Math.min(delayMsMax, delayMs * 2 ** Math.min(20, Math.max(0, count - 1)));
  }
}

/** Undefined for what is not ours to understand: another version's. */
function read(text: string): z.infer<typeof Message> | undefined {
  try {
    return Message.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
