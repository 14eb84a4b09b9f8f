import { addressBlock } from '../login/failure-ledger.ts';

export interface ConnectionLimits {
  /** Connections of one kind at once. 25,000: a hub is built for 20,000 idle sessions. */
  readonly connectionsMax: number;
  /** Of these from one address (IPv6: one /64). 200: an office behind one address, four connections a person. */
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

export type ConnectionRefusal = 'tooMany' | 'tooManyFromAddress';

/** Who is connected, by number and by address. */
export class ConnectionLedger {
  private readonly byAddress = new Map<string, number>();
  private total = 0;

  constructor(private readonly limits: ConnectionLimits = DEFAULT_CONNECTION_LIMITS) {}

  get count(): number {
    return this.total;
  }

  /** `undefined` when it may come in: then `leave` must be called once it is gone. */
  enter(address: string): ConnectionRefusal | undefined {
    if (this.total >= this.limits.connectionsMax) return 'tooMany';
    if (!this.limits.exempt(address)) {
      const block = addressBlock(address);
      const count = this.byAddress.get(block) ?? 0;
      if (count >= this.limits.perAddressMax) return 'tooManyFromAddress';
      this.byAddress.set(block, count + 1);
    }
    this.total++;
    return undefined;
  }

  leave(address: string): void {
    this.total--;
    if (this.limits.exempt(address)) return;
    const block = addressBlock(address);
    const count = (this.byAddress.get(block) ?? 1) - 1;
    if (count > 0) this.byAddress.set(block, count);
    else this.byAddress.delete(block);
  }
}
