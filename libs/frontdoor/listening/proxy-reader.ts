import { BlockList, isIPv6, type Socket } from 'node:net';
import { type ProxiedClient, readProxyHeader } from '#protocol/proxy';
import type { Clock, Logger } from '#stdx';

/** Longest wait for a header. Balancers send it at once; 5,000 as in Dovecot's `haproxy_timeout` (3 s) and some. */
const HEADER_MS = 5_000;

export interface ProxyTrust {
  /** Networks in CIDR notation: `10.0.0.0/8`, `2001:db8::/32`. */
  readonly networks: readonly string[];
  readonly clock: Pick<Clock, 'after'>;
  readonly logger: Logger;
}

/**
 * Reads the PROXY header of balancers' connections. From a trusted network it is asked for, elsewhere it is not looked for: a
 * client could write one just as well.
 */
export class ProxyReader {
  private readonly trusted = new BlockList();

  /** Throws `RangeError` on a network that is none. */
  constructor(private readonly trust: ProxyTrust) {
    for (const network of trust.networks) addNetwork(this.trusted, network);
  }

  expects(address: string): boolean {
    return this.trusted.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
  }

  /** Calls `done` with the client, or with null when the balancer speaks for itself; what follows the header is read next. A connection without one is dropped. */
  read(socket: Socket, done: (client: ProxiedClient | null) => void): void {
    let received: Buffer = Buffer.alloc(0);
    const drop = (reason: string): void => {
      settle();
      this.trust.logger.warn({ balancer: socket.remoteAddress, reason }, 'connection without a PROXY header dropped');
      socket.on('error', () => {});
      socket.destroy();
    };
    const onReadable = (): void => {
      for (let chunk: Buffer | null; (chunk = socket.read() as Buffer | null) !== null; )
        received = Buffer.concat([received, chunk]);
      const header = readProxyHeader(received);
      if (header.kind === 'incomplete') return;
      if (header.kind === 'invalid') {
        drop(header.reason);
        return;
      }
      settle();
      const rest = received.subarray(header.length);
      if (rest.length > 0) socket.unshift(rest);
      done(header.client);
    };
    const onEnd = (): void => drop('it ended first');
    const timer = this.trust.clock.after(HEADER_MS, () => drop('it took too long'));
    const settle = (): void => {
      timer.cancel();
      socket.off('readable', onReadable).off('end', onEnd).off('error', onEnd);
    };
    socket.on('readable', onReadable).on('end', onEnd).on('error', onEnd);
  }
}

function addNetwork(list: BlockList, network: string): void {
  const [address = '', prefix] = network.split('/');
  const family = isIPv6(address) ? 'ipv6' : 'ipv4';
  const bits = prefix === undefined ? (family === 'ipv6' ? 128 : 32) : Number(prefix);
  try {
    list.addSubnet(address, bits, family);
  } catch {
    throw new RangeError(`${network} is not a network in CIDR notation`);
  }
}
