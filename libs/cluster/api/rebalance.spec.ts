import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { NodeMember, Volume } from './model.ts';
import { adviseAccounts, adviseVolumes } from './rebalance.ts';

const node = (id: string, weight = 1, state: NodeMember['state'] = 'active') => ({ id, weight, state }) as NodeMember;
const volume = (id: string, ownerNodeId: string, weight = 1, preferredNodeId: string | null = null) =>
  ({ id, ownerNodeId, weight, preferredNodeId, state: 'serving' }) as Volume;
const said = (nodes: NodeMember[], volumes: Volume[], drains: string[] = []): string[] =>
  adviseVolumes(nodes, volumes, drains).map(({ volumeId, toNodeId, why }) => `${volumeId} → ${toNodeId}: ${why}`);

describe('advice on volumes', () => {
  it('evens out by weight, and leaves standbys free', () => {
    const volumes = [volume('1', 'a'), volume('2', 'a'), volume('3', 'a'), volume('4', 'b')];
    assert.deepEqual(said([node('a'), node('b'), node('c', 1, 'standby')], volumes), ['1 → b: load']);
    assert.deepEqual(said([node('a', 3), node('b')], volumes), []);
    assert.equal(said([node('a'), node('b', 3)], volumes).length, 2);
  });

  it('sends volumes home first, standby or not, and nowhere else', () => {
    const volumes = [volume('1', 'a', 1, 'c'), volume('2', 'a', 1, 'a'), volume('3', 'a', 1, 'a'), volume('4', 'b')];
    assert.deepEqual(said([node('a'), node('b'), node('c', 1, 'standby')], volumes), ['1 → c: preferred']);
  });

  it('gives nothing to a node that is drained or down', () => {
    const volumes = [volume('1', 'a'), volume('2', 'a'), volume('3', 'b')];
    assert.deepEqual(said([node('a'), node('b')], volumes, ['b']), []);
    assert.deepEqual(said([node('a'), node('b', 1, 'down')], volumes), []);
  });

  it('never makes the fullest node fuller, and has nothing to add to its own advice', () => {
    const weights = fc.integer({ min: 1, max: 5 });
    const nodeIds = ['a', 'b', 'c'];
    fc.assert(
      fc.property(
        fc.array(weights, { minLength: 3, maxLength: 3 }),
        fc.array(fc.tuple(fc.constantFrom(...nodeIds), weights), { maxLength: 12 }),
        (nodeWeights, owned) => {
          const nodes = nodeIds.map((id, at) => node(id, nodeWeights[at]));
          const volumes = owned.map(([owner, weight], at) => volume(String(at), owner, weight));
          const fullest = (now: readonly Volume[]): number =>
            Math.max(
              ...nodes.map(
                ({ id, weight }) =>
                  now.reduce((sum, each) => sum + (each.ownerNodeId === id ? each.weight : 0), 0) / weight,
              ),
            );
          const to = new Map(adviseVolumes(nodes, volumes, []).map((each) => [each.volumeId, each.toNodeId]));
          const after = volumes.map((each) => ({ ...each, ownerNodeId: to.get(each.id) ?? each.ownerNodeId }));
          assert.ok(fullest(after) <= fullest(volumes));
        },
      ),
    );
  });
});

describe('advice on accounts', () => {
  const fill = (id: string, accounts: number, weight = 1, volumeClass = 's') => ({ id, accounts, weight, volumeClass });

  it('evens out by weight within a class, and only when it is worth it', () => {
    assert.deepEqual(adviseAccounts([fill('a', 100), fill('b', 0), fill('p', 500, 1, 'premium')]), [
      { fromVolumeId: 'a', toVolumeId: 'b', accounts: 50 },
    ]);
    assert.deepEqual(adviseAccounts([fill('a', 100), fill('b', 300, 3)]), []);
    assert.deepEqual(adviseAccounts([fill('a', 104), fill('b', 96)]), []);
    assert.deepEqual(
      adviseAccounts([fill('a', 90), fill('b', 0), fill('c', 0)]).map(({ accounts }) => accounts),
      [30, 30],
    );
  });

  it('takes from no volume more than it has', () => {
    const fills = fc.array(fc.tuple(fc.nat(1_000), fc.integer({ min: 1, max: 9 })), { maxLength: 8 });
    fc.assert(
      fc.property(fills, (given) => {
        const left = new Map(given.map(([accounts], at) => [String(at), accounts]));
        for (const { fromVolumeId, toVolumeId, accounts } of adviseAccounts(
          given.map(([accounts, weight], at) => fill(String(at), accounts, weight)),
        )) {
          left.set(fromVolumeId, (left.get(fromVolumeId) ?? 0) - accounts);
          left.set(toVolumeId, (left.get(toVolumeId) ?? 0) + accounts);
        }
        assert.ok([...left.values()].every((accounts) => accounts >= 0));
      }),
    );
  });
});
