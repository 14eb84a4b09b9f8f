import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '#stdx';
import { sortedIndexes } from './sliced-sort.ts';

describe('sorting in slices', () => {
  const random = seededRandom(8);
  for (const length of [0, 1, 2, 999, 1_000, 1_001, 2_000, 12_345])
    it(`${length} elements, equal ones as they were`, async () => {
      const keys = Array.from({ length }, () => Math.floor(random.fraction() * 300));
      const expected = keys.map((_, i) => i).sort((a, b) => keys[a]! - keys[b]! || a - b);
      assert.deepEqual([...(await sortedIndexes(length, (a, b) => keys[a]! - keys[b]!))], expected);
    });
});
