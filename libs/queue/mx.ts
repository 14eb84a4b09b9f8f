import type { Random } from '#stdx';
import { type AttemptOutcome, type Resolver, ResolverError } from './ports.ts';

/** Hosts whose addresses are tried, and addresses of one host: enough for any real domain (RFC 5321 §5.1 leaves it open). */
const HOSTS_MAX = 5;
const ADDRESSES_MAX = 3;

export interface MailHost {
  /** For STARTTLS, logs and notifications. */
  readonly host: string;
  readonly address: string;
}

export type MailHosts =
  | { readonly ok: true; readonly hosts: readonly MailHost[] }
  | { readonly ok: false; readonly outcome: AttemptOutcome };

const failed = (status: string, diagnostic: string): MailHosts => ({
  ok: false,
  outcome: { kind: 'failed', status, diagnostic },
});
const deferred = (diagnostic: string): MailHosts => ({
  ok: false,
  outcome: { kind: 'deferred', status: '4.4.3', diagnostic },
});

/** Which hosts take a domain's mail, best first: RFC 5321 §5.1; the null MX of RFC 7505; an address literal. */
export async function mailHosts(domain: string, resolver: Resolver, random: Random): Promise<MailHosts> {
  const literal = /^\[(?:IPv6:)?([^\]]+)\]$/i.exec(domain);
  if (literal) return { ok: true, hosts: [{ host: domain, address: literal[1]! }] };
  try {
    const names = await exchanges(domain, resolver, random);
    if (names === null) return failed('5.1.10', `${domain} accepts no mail (null MX)`);
    return await addressesOf(domain, names, resolver);
  } catch (error) {
    if (error instanceof ResolverError && error.code === 'notFound') return failed('5.1.2', `${domain} does not exist`);
    return deferred(`${domain} could not be looked up: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Names in the order to try; `null` for the null MX. */
async function exchanges(domain: string, resolver: Resolver, random: Random): Promise<readonly string[] | null> {
  let records: readonly { readonly exchange: string; readonly preference: number }[];
  try {
    records = await resolver.mx(domain);
  } catch (error) {
    // RFC 5321 §5.1: without an MX record the domain itself is its exchange.
    if (error instanceof ResolverError && error.code === 'notFound') return [domain];
    throw error;
  }
  if (records.length === 0) return [domain];
  if (records.length === 1 && (records[0]!.exchange === '' || records[0]!.exchange === '.')) return null;
  // Equal preferences share the load: RFC 5321 §5.1 asks for chance.
  return records
    .filter(({ exchange }) => exchange !== '' && exchange !== '.')
    .map((record) => ({ ...record, lot: random.fraction() }))
    .sort((a, b) => a.preference - b.preference || a.lot - b.lot)
    .slice(0, HOSTS_MAX)
    .map(({ exchange }) => exchange);
}

async function addressesOf(domain: string, names: readonly string[], resolver: Resolver): Promise<MailHosts> {
  const hosts: MailHost[] = [];
  let temporary: ResolverError | undefined;
  for (const host of names) {
    try {
      for (const address of (await resolver.addresses(host)).slice(0, ADDRESSES_MAX)) hosts.push({ host, address });
    } catch (error) {
      if (!(error instanceof ResolverError)) throw error;
      if (error.code === 'temporary') temporary = error;
    }
  }
  if (hosts.length > 0) return { ok: true, hosts };
  if (temporary) return deferred(`no mail host of ${domain} could be looked up: ${temporary.message}`);
  if (names.length === 1 && names[0] === domain) return failed('5.1.2', `${domain} has no mail host`);
  return failed('5.4.4', `no mail host of ${domain} has an address`);
}
