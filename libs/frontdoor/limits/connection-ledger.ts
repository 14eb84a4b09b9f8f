import type { Clock } from '#stdx';
import { addressBlock } from './address-block.ts';
import type { Bulletin } from './bulletin.ts';
import { SharedTally } from './shared-tally.ts';

export interface ConnectionLimits {
  /** Connections of one kind at once. 25,000: a hub is built for 20,000 idle sessions. */
  readonly connectionsMax: number;
  /** Of these from one address (IPv6: one /64), over all hubs. 200: an office behind one address, four connections a person. */
  readonly perAddressMax: number;
  /** Load balancers and the machine itself are not counted by address. Default loopback. */
  readonly exempt: (address: string) => boolean;
}

export const isLoopback = (address: string): boolean => /^(127\.|::1$|::ffff:127\.)/.test(address);

export const DEFAULT_CONNECTION_LIMITS: ConnectionLimits = {
  connectionsMax: 25_000,
  perAddressMax: 200,
  exempt: isLoopback,
};

/** Most addresses have fewer connections: those are nobody's concern. */
const SHARED_FROM = 10;

export type ConnectionRefusal = 'tooMany' | 'tooManyFromAddress';

/** Who is connected, by number and by address. */
export class ConnectionLedger {
  private readonly byAddress: SharedTally;
  private total = 0;

  constructor(
    bulletin: Bulletin,
    clock: Pick<Clock, 'monotonic' | 'every'>,
    private readonly limits: ConnectionLimits = DEFAULT_CONNECTION_LIMITS,
  ) {
    this.byAddress = new SharedTally({ topic: 'connections', sharedFrom: SHARED_FROM }, bulletin, clock);
  }

  get count(): number {
    return this.total;
  }

  /** `undefined` when it may come in: then `leave` must be called once it is gone. */
  enter(address: string): ConnectionRefusal | undefined {
    if (this.total >= this.limits.connectionsMax) return 'tooMany';
    if (!this.limits.exempt(address)) {
      const block = addressBlock(address);
      if (this.byAddress.total(block) >= this.limits.perAddressMax) return 'tooManyFromAddress';
      this.byAddress.add(block, 1);
    }
    this.total++;
    return undefined;
  }

  leave(address: string): void {
    this.total--;
    if (!this.limits.exempt(address)) this.byAddress.add(addressBlock(address), -1);
  }
}
