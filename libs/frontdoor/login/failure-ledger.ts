import { LRUCache } from 'lru-cache';
import type { Clock } from '#stdx';

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

/** Who failed to sign in, how often, where. In memory of one hub. */
export class FailureLedger {
  private readonly addresses: LRUCache<string, Tally>;
  private readonly accounts: LRUCache<string, Tally>;
  /** `account address` of successes: an account under attack is not closed to its owner. */
  private readonly familiar: LRUCache<string, true>;

  constructor(
    private readonly clock: Pick<Clock, 'monotonic'>,
    private readonly limits: FailureLimits = DEFAULT_FAILURE_LIMITS,
  ) {
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
    const count = this.count(this.addresses, addressBlock(address));
    this.count(this.accounts, account);
    return this.delayFor(count);
  }

  /** The same wrong password again is a client that was not told of a new one, not a guess: it is delayed, not counted. */
  failedAgain(address: string): number {
    return this.delayFor(this.addresses.get(addressBlock(address))?.count ?? 1);
  }

  succeeded(account: string, address: string): void {
    const block = addressBlock(address);
    this.familiar.set(`${account} ${block}`, true);
    this.accounts.delete(account);
    // One's own account opened does not buy guesses at others': the address is only eased.
    const tally = this.addresses.get(block);
    if (tally) tally.count = Math.max(0, tally.count - 1);
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

/** An IPv4 address, or the /64 an IPv6 address is in: one subscriber is given at least that (RFC 6177). */
export function addressBlock(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped) return mapped[1]!;
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.replace(/%.*$/, '').toLowerCase().split('::');
  const left = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const right = tail === '' ? [] : tail.split(':');
    while (left.length + right.length < 8) left.push('0');
    left.push(...right);
  }
  return `${left
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}
