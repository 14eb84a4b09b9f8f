import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '#stdx';
import { BoundarySet } from './boundary-set.ts';

describe('BoundarySet', () => {
  it('finds the longest, innermost boundary a line begins with, as trying each does', () => {
    const random = seededRandom(3);
    const word = (max: number): string =>
      Array.from(
        { length: Math.floor(random.fraction() * max) + 1 },
        () => 'abc'[Math.floor(random.fraction() * 3)],
      ).join('');
    for (let round = 0; round < 3_000; round++) {
      const set = new BoundarySet<number>();
      let open: { boundary: string; owner: number }[] = [];
      for (let owner = 0; owner < 8; owner++) {
        const boundary = word(4);
        open.push({ boundary, owner });
        set.open(Buffer.from(boundary), owner);
        if (random.fraction() < 0.3) {
          const closed = open[Math.floor(random.fraction() * open.length)]!.owner;
          set.close(closed);
          open = open.filter((entry) => entry.owner !== closed);
        }
      }
      const line = word(6);
      const longest = open
        .filter(({ boundary }) => line.startsWith(boundary))
        .reduce<(typeof open)[number] | null>(
          (best, entry) => (best && best.boundary.length > entry.boundary.length ? best : entry),
          null,
        );
      const match = set.match(Buffer.from(`--${line}\r\n`), 2, 2 + line.length);
      assert.equal(match?.owner, longest?.owner);
      assert.equal(set.bytesMax, Math.max(0, ...open.map(({ boundary }) => boundary.length)));
    }
  });
});
