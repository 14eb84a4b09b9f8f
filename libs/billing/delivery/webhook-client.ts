import { createHmac } from 'node:crypto';
import { lookup as systemLookup } from 'node:dns';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import type { WebhookCall, WebhookCaller } from '#billing/api';
import type { Clock } from '#stdx';

export interface WebhookSettings {
  /** A receiver that takes longer is tried again; standardwebhooks.com recommends 15 to 30 s. */
  readonly timeoutMs?: number;
  /** Plain HTTP and addresses inside one's own networks: for tests and a demo on one machine. */
  readonly allowsPrivate?: boolean;
}

/** IANA special-purpose addresses (RFC 6890): a partner's URL must not reach what only we can. */
const PRIVATE = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const)
  PRIVATE.addSubnet(network, prefix, 'ipv4');
for (const [network, prefix] of [
  ['::', 127],
  ['64:ff9b::', 96],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const)
  PRIVATE.addSubnet(network, prefix, 'ipv6');

/** Whether an address is nobody's but our own. IPv4 in IPv6 counts as the IPv4 it is. */
export function isPrivateAddress(address: string): boolean {
  return PRIVATE.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

/** Calls endpoints with a signature after standardwebhooks.com: `v1,` and the HMAC of id, time and body. */
export class WebhookClient implements WebhookCaller {
  constructor(
    private readonly clock: Clock,
    private readonly settings: WebhookSettings = {},
  ) {}

  async call({ url, secret, id, body }: WebhookCall): Promise<{ status: number | null; failure: string | null }> {
    const timestamp = String(Math.floor(this.clock.now() / 1_000));
    const signature = createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`).digest('base64');
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      'user-agent': 'Rookery-Webhooks/1',
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': `v1,${signature}`,
    };
    try {
      return { status: await this.post(new URL(url), headers, body), failure: null };
    } catch (error) {
      return { status: null, failure: (error as Error).message || 'no answer' };
    }
  }

  /** Redirects are not followed: where they lead was checked by nobody. */
  private post(url: URL, headers: Record<string, string | number>, body: string): Promise<number> {
    const { timeoutMs = 20_000, allowsPrivate = false } = this.settings;
    if (url.protocol !== 'https:' && !allowsPrivate) return Promise.reject(new Error('a webhook needs https'));
    const host = url.hostname.replace(/^\[|\]$/g, '');
    if (isIP(host) !== 0 && !allowsPrivate && isPrivateAddress(host))
      return Promise.reject(new PrivateAddressError(host));
    const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      const sent = request(
        url,
        {
          method: 'POST',
          headers,
          signal: AbortSignal.timeout(timeoutMs),
          ...(allowsPrivate ? {} : { lookup: publicLookup }),
        },
        (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        },
      );
      sent.on('error', reject);
      sent.end(body);
    });
  }
}

class PrivateAddressError extends Error {
  override readonly name = 'PrivateAddressError';
  constructor(address: string) {
    super(`${address} is an address of a private network`);
  }
}

/** Asked at the moment of connecting, so that a name cannot mean one address when checked and another when called. */
const publicLookup: LookupFunction = (hostname, options, callback) => {
  systemLookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return callback(error, []);
    const inside = addresses.find(({ address }) => isPrivateAddress(address));
    if (inside) return callback(new PrivateAddressError(inside.address), []);
    const [first] = addresses;
    return options.all ? callback(null, addresses) : callback(null, first?.address ?? '', first?.family);
  });
};
