import type { Destination, Destinations, RelayHost } from '#queue';
import type { Clock } from '#stdx';
import type { HubRelay } from './hub-relay.ts';

/** How long a domain that a hub does not know stays somebody else's without asking again. */
const FOREIGN_MS = 30_000;
const FOREIGN_DOMAINS_MAX = 10_000;

/**
 * Where queued mail goes. Whether an address is of this cluster is asked of a hub, each time but for domains that were
 * foreign a moment ago: a domain that moves in or out is right at once, and no node needs a directory.
 */
export class ClusterDestinations implements Destinations {
  private readonly foreign = new Map<string, number>();

  constructor(
    private readonly relay: Pick<HubRelay, 'ask'>,
    private readonly relayHost: RelayHost | undefined,
    private readonly clock: Clock,
  ) {}

  async route(forwardPath: string): Promise<Destination> {
    const domain = forwardPath.slice(forwardPath.lastIndexOf('@') + 1).toLowerCase();
    if ((this.foreign.get(domain) ?? 0) > this.clock.monotonic()) return this.outside(domain);
    const reply = await this.relay.ask(forwardPath);
    if (reply.code === 250) return { kind: 'cluster' };
    if (reply.code !== 550 || reply.enhanced !== '5.7.1') return { kind: 'refused', reply };
    if (this.foreign.size >= FOREIGN_DOMAINS_MAX) this.foreign.clear();
    this.foreign.set(domain, this.clock.monotonic() + FOREIGN_MS);
    return this.outside(domain);
  }

  private outside(domain: string): Destination {
    return this.relayHost ? { kind: 'relayHost', ...this.relayHost } : { kind: 'mx', domain };
  }
}
