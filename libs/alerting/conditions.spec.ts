import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ClusterSnapshot, DEFAULT_FILL_LIMITS, type StorageState } from '#cluster/api';
import { RELEASE } from '#stdx';
import { conditionsOf } from './conditions.ts';

const at = new Date(Date.UTC(2026, 5, 1));
const days = (count: number): Date => new Date(at.getTime() + count * 86_400_000);
const hub = (name: string, more: object = {}) => ({
  ...{ name, state: 'up', lastSeenAt: at, tlsNotAfter: days(200), ...RELEASE },
  ...more,
});
const node = (name: string, state: string, more: object = {}) => ({
  ...{ name, state, eligible: true, lastSeenAt: at, ...RELEASE },
  ...more,
});
const storage = (percent: number, trouble: StorageState['trouble'] = null): StorageState => ({
  diskBytes: 1_000,
  diskFreeBytes: 1_000 - 10 * percent,
  trouble,
});
const volume = (percent: number, more: object = {}) => ({
  ...{ name: 'v', state: 'serving', served: true, health: { writable: true, storage: storage(percent) } },
  ...more,
});

const found = (change: object): string[] =>
  conditionsOf({
    ...{ at, leader: { holderHubId: 'h', epoch: 1, remainingMs: 1 }, featureLevel: 1, fillLimits: DEFAULT_FILL_LIMITS },
    hubs: [hub('h1'), hub('h2')],
    nodes: [node('n1', 'active'), node('n2', 'active'), node('s', 'standby')],
    volumes: [volume(10)],
    ...change,
  } as unknown as ClusterSnapshot).map(({ kind, subject, grade = 0 }) => `${kind} ${subject} ${grade}`);

describe('what needs an operator', () => {
  for (const [what, change, expected] of [
    ['nothing', {}, []],
    [
      'a hub and a node that stopped on purpose, with others left',
      {
        hubs: [hub('h1'), hub('h2'), hub('h3', { state: 'stopped' })],
        nodes: [node('n1', 'stopped'), node('s', 'standby')],
      },
      [],
    ],
    [
      'a hub and a node that are gone without a word',
      { hubs: [hub('h1'), hub('h2'), hub('h3', { state: 'down' })], nodes: [node('n1', 'down'), node('s', 'standby')] },
      ['hubDown h3 0', 'nodeDown n1 0'],
    ],
    ['a stop that leaves no standby', { nodes: [node('n1', 'active'), node('s', 'stopped')] }, ['noSpare nodes 0']],
    ['a stop that leaves one hub', { hubs: [hub('h1'), hub('h2', { state: 'stopped' })] }, ['noSpare hubs 0']],
    ['a cluster that never had a standby', { nodes: [node('n1', 'active')] }, []],
    [
      'a node that never came',
      { nodes: [node('n1', 'active'), node('new', 'down', { lastSeenAt: null })] },
      ['nodeDown new 0'],
    ],
    ['a disk below the limit', { volumes: [volume(89)] }, []],
    ['a disk nearly full', { volumes: [volume(90)] }, ['volumeFilling v 1']],
    ['a disk full', { volumes: [volume(97)] }, ['volumeFilling v 2']],
    [
      'limits of one’s own',
      { volumes: [volume(60)], fillLimits: { warnPercent: 50, fullPercent: 60 } },
      ['volumeFilling v 2'],
    ],
    [
      'a read-only volume',
      { volumes: [volume(5, { health: { writable: false, storage: storage(5, 'readOnly') } })] },
      ['volumeReadOnly v 0'],
    ],
    [
      'a volume that takes no writes',
      { volumes: [volume(5, { health: { writable: false, storage: null } })] },
      ['volumeNotWritable v 0'],
    ],
    [
      'a volume without room',
      { volumes: [volume(99, { health: { writable: false, storage: storage(99, 'full') } })] },
      ['volumeNotWritable v 0', 'volumeFilling v 2'],
    ],
    [
      'a volume that is not served, whatever its last owner said',
      { volumes: [volume(99, { state: 'failed' })] },
      ['volumeFailed v 0'],
    ],
    ['a public certificate with 22 days', { hubs: [hub('h1', { tlsNotAfter: days(22) })] }, []],
    ['a public certificate with 21 days', { hubs: [hub('h1', { tlsNotAfter: days(21) })] }, ['tlsExpiring h1 1']],
    ['a public certificate with 7 days', { hubs: [hub('h1', { tlsNotAfter: days(7) })] }, ['tlsExpiring h1 2']],
    ['a public certificate with a day', { hubs: [hub('h1', { tlsNotAfter: days(0.9) })] }, ['tlsExpiring h1 3']],
    [
      'a node two releases ahead',
      { nodes: [node('n1', 'down', { protocol: { oldest: 8, newest: 9 } }), node('s', 'standby')] },
      ['nodeDown n1 0', 'incompatible n1 0'],
    ],
    [
      'a member below the feature level',
      { featureLevel: 2 },
      ['h1', 'h2', 'n1', 'n2', 's'].map((name) => `incompatible ${name} 0`),
    ],
  ] as const)
    it(`of ${what}: ${expected.join(', ') || 'no alert'}`, () => assert.deepEqual(found(change), expected));
});
