import assert from 'node:assert/strict';
import { it } from 'node:test';
import { placeVolume } from './placement.ts';

const node = (nodeId: string, load: number, weight = 1) => ({ nodeId, load, weight });
const rows: [string, ReturnType<typeof node>[], string | null, string[], string | undefined][] = [
  ['nobody', [], null, [], undefined],
  ['a standby before anybody active', [node('a', 1), node('b', 0), node('c', 0.5, 10)], null, [], 'b'],
  ['the lower id of two equals', [node('b', 0), node('a', 0)], null, [], 'a'],
  ['the heavier standby', [node('a', 0, 1), node('b', 0, 2)], null, [], 'b'],
  ['the most room by weight', [node('a', 2, 1), node('b', 3, 2), node('c', 8, 4)], null, [], 'b'],
  ['the preferred one, whatever its load', [node('a', 9), node('b', 0)], 'a', [], 'a'],
  ['another when the preferred one is not there', [node('b', 1)], 'a', [], 'b'],
  ['not the one to avoid', [node('a', 0), node('b', 5)], null, ['a'], 'b'],
  ['the one to avoid rather than nobody', [node('a', 0)], null, ['a'], 'a'],
];

for (const [what, candidates, prefer, avoid, chosen] of rows) {
  it(`places on ${what}`, () => {
    assert.equal(placeVolume(candidates, { weight: 1, prefer, avoid: new Set(avoid) }), chosen);
  });
}
