import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ClusterStatus } from '#api-schema';
import { hindrance, planOf } from './plan.ts';

const hub = (name: string, more: object = {}) => ({ name, version: '1', state: 'up', leader: false, ...more });
const node = (name: string, volumes: number, more: object = {}) => ({
  ...{ name, version: '1', state: volumes > 0 ? 'active' : 'standby', eligible: true, draining: false },
  ...{ load: { volumes, accounts: 0 } },
  ...more,
});

function cluster(change: { hubs?: object[]; nodes?: object[]; volumes?: object[] } = {}): ClusterStatus {
  return {
    hubs: [hub('hub-1', { leader: true }), hub('hub-2')],
    nodes: [node('node-1', 1), node('node-2', 2), node('node-3', 0)],
    volumes: [{ name: 'volume-1', state: 'serving', owner: 'node-1' }],
    ...change,
  } as unknown as ClusterStatus;
}

const names = (status: ClusterStatus, only?: Set<string>) => planOf(status, '2', only).map(({ name }) => name);
const why = (status: ClusterStatus, name: string) => {
  const role = name.startsWith('hub') ? ('hub' as const) : ('node' as const);
  const found = hindrance(status, { role, name, from: '1' });
  return found && `${found.risk ? 'risk' : 'wait'}: ${found.why}`;
};

describe('the plan of an upgrade', () => {
  it('takes standbys, owners, hubs and the leader, in that order, and leaves out who is done', () => {
    assert.deepEqual(names(cluster()), ['node-3', 'node-1', 'node-2', 'hub-2', 'hub-1']);
    assert.deepEqual(names(cluster({ nodes: [node('node-1', 1, { version: '2' }), node('node-2', 1)] })), [
      'node-2',
      'hub-2',
      'hub-1',
    ]);
    assert.deepEqual(names(cluster(), new Set(['hub-1', 'node-2'])), ['node-2', 'hub-1']);
  });

  it('goes on while another can do the member’s work', () => {
    for (const name of ['node-1', 'node-3', 'hub-1', 'hub-2']) assert.equal(why(cluster(), name), undefined);
    // The one that is away is the one it is about: broken off and begun again.
    const away = [hub('hub-1', { leader: true }), hub('hub-2', { state: 'stopped' })];
    assert.equal(why(cluster({ hubs: away }), 'hub-2'), undefined);
  });

  for (const [what, change, name, expected] of [
    ['the only hub', { hubs: [hub('hub-1', { leader: true })] }, 'hub-1', /^risk: hub-1 is the only hub/],
    ['no standby', { nodes: [node('node-1', 1), node('node-2', 1)] }, 'node-1', /^risk: there is no standby/],
    ['no other node', { nodes: [node('node-1', 1)] }, 'node-1', /^wait: node-1 owns 1 volumes, and no other node/],
    [
      'only a drained one',
      { nodes: [node('node-1', 1), node('n', 0, { draining: true })] },
      'node-1',
      /^wait: .*no other/,
    ],
    [
      'a member that is down',
      { nodes: [node('node-1', 1), node('n', 0, { state: 'down' })] },
      'hub-2',
      /^risk: n is down/,
    ],
    ['no leader', { hubs: [hub('hub-1'), hub('hub-2')] }, 'node-3', /^wait: no hub leads/],
    [
      'a volume not served',
      { volumes: [{ name: 'v', state: 'opening', owner: 'x' }] },
      'node-3',
      /^wait: not served: v/,
    ],
  ] as const)
    it(`does not begin with ${what}`, () => assert.match(why(cluster(change as object), name) ?? '', expected));
});
