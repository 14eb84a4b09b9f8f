import type { DnsRecord } from '#api-schema';

/**
 * What to publish for a domain whose mail `hubs` (host names) take. Hubs are equal, so all have one MX preference; mail
 * leaves through them, so SPF allows the MX (RFC 7208 §5.4) and nobody else; clients find their servers by SRV
 * (RFC 6186, RFC 8314 §5.1).
 */
export function dnsRecords(domain: string, hubs: readonly string[]): DnsRecord[] {
  const service = (name: string, port: number, purpose: string): DnsRecord[] =>
    hubs.map((hub) => ({
      name: `_${name}._tcp.${domain}`,
      type: 'SRV',
      value: `0 1 ${port} ${hub}.`,
      required: false,
      purpose,
    }));
  return [
    ...hubs.map(
      (hub): DnsRecord => ({
        name: domain,
        type: 'MX',
        value: `10 ${hub}.`,
        required: true,
        purpose: 'Mail to the domain',
      }),
    ),
    {
      name: domain,
      type: 'TXT',
      value: '"v=spf1 mx -all"',
      required: true,
      purpose: 'SPF: the hubs may send for the domain, nobody else',
    },
    {
      name: `_dmarc.${domain}`,
      type: 'TXT',
      value: `"v=DMARC1; p=none; rua=mailto:postmaster@${domain}"`,
      required: false,
      purpose: 'DMARC: reports first; a stricter policy when they are clean',
    },
    ...service('submissions', 465, 'Sending mail, TLS'),
    ...service('submission', 587, 'Sending mail, STARTTLS'),
    ...service('imaps', 993, 'Reading mail, TLS'),
    // RFC 5804 §1.8.
    ...service('sieve', 4190, 'Filters (ManageSieve), STARTTLS'),
  ];
}
