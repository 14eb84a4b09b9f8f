import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '#stdx';
import { mailHosts } from './mx.ts';
import { type Resolver, ResolverError } from './ports.ts';

/** `mx` and `a`: records by name, or a fault. */
function resolver(
  mx: Record<string, readonly (readonly [number, string])[] | 'notFound' | 'temporary'>,
  a: Record<string, readonly string[] | 'notFound' | 'temporary'>,
): Resolver {
  const found = <T>(value: T | 'notFound' | 'temporary' | undefined, name: string): T => {
    if (value === undefined || value === 'notFound') throw new ResolverError('notFound', `${name}: NXDOMAIN`);
    if (value === 'temporary') throw new ResolverError('temporary', `${name}: SERVFAIL`);
    return value as T;
  };
  return {
    mx: async (domain) => found(mx[domain], domain).map(([preference, exchange]) => ({ preference, exchange })),
    addresses: async (host) => found(a[host], host),
  };
}

describe('mailHosts', () => {
  const rows: readonly [string, string, Resolver, string][] = [
    [
      'by preference',
      'x.test',
      resolver(
        {
          'x.test': [
            [20, 'b.test'],
            [10, 'a.test'],
          ],
        },
        { 'a.test': ['192.0.2.1', '192.0.2.2'], 'b.test': ['192.0.2.3'] },
      ),
      'a.test 192.0.2.1, a.test 192.0.2.2, b.test 192.0.2.3',
    ],
    ['the domain itself without MX', 'x.test', resolver({}, { 'x.test': ['192.0.2.1'] }), 'x.test 192.0.2.1'],
    [
      'the same for an empty answer',
      'x.test',
      resolver({ 'x.test': [] }, { 'x.test': ['192.0.2.1'] }),
      'x.test 192.0.2.1',
    ],
    ['an address literal', '[192.0.2.9]', resolver({}, {}), '[192.0.2.9] 192.0.2.9'],
    ['an IPv6 literal', '[IPv6:2001:db8::9]', resolver({}, {}), '[IPv6:2001:db8::9] 2001:db8::9'],
    ['null MX', 'x.test', resolver({ 'x.test': [[0, '']] }, { 'x.test': ['192.0.2.1'] }), 'failed 5.1.10'],
    ['null MX written with its dot', 'x.test', resolver({ 'x.test': [[0, '.']] }, {}), 'failed 5.1.10'],
    ['no such domain', 'x.test', resolver({}, {}), 'failed 5.1.2'],
    ['a domain without any address', 'x.test', resolver({ 'x.test': [] }, {}), 'failed 5.1.2'],
    ['exchanges without addresses', 'x.test', resolver({ 'x.test': [[1, 'a.test']] }, {}), 'failed 5.4.4'],
    [
      'MX that cannot be asked',
      'x.test',
      resolver({ 'x.test': 'temporary' }, { 'x.test': ['192.0.2.1'] }),
      'deferred 4.4.3',
    ],
    [
      'exchanges that cannot be asked',
      'x.test',
      resolver({ 'x.test': [[1, 'a.test']] }, { 'a.test': 'temporary' }),
      'deferred 4.4.3',
    ],
    [
      'one exchange that can',
      'x.test',
      resolver(
        {
          'x.test': [
            [1, 'a.test'],
            [2, 'b.test'],
          ],
        },
        { 'a.test': 'temporary', 'b.test': ['192.0.2.3'] },
      ),
      'b.test 192.0.2.3',
    ],
  ];
  for (const [name, domain, records, expected] of rows)
    it(name, async () => {
      const found = await mailHosts(domain, records, seededRandom(1));
      const text = found.ok
        ? found.hosts.map(({ host, address }) => `${host} ${address}`).join(', ')
        : found.outcome.kind === 'delivered'
          ? 'delivered'
          : `${found.outcome.kind} ${found.outcome.status}`;
      assert.equal(text, expected);
    });

  it('shares the load of equal preferences', async () => {
    const equal = resolver(
      {
        'x.test': [
          [1, 'a.test'],
          [1, 'b.test'],
        ],
      },
      { 'a.test': ['192.0.2.1'], 'b.test': ['192.0.2.2'] },
    );
    const random = seededRandom(2);
    const firsts = new Set<string>();
    for (let i = 0; i < 20; i++) {
      const found = await mailHosts('x.test', equal, random);
      if (found.ok) firsts.add(found.hosts[0]!.host);
    }
    assert.deepEqual([...firsts].sort(), ['a.test', 'b.test']);
  });
});
