import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EmbeddedCluster } from './embedded-cluster.ts';
import { campaign, type Fault } from './rounds.ts';

/** Longest a user may be without service, by fault (docs/CLUSTER.md). */
const LIMITS: readonly (readonly [Fault, number])[] = [
  ['kill-node', 3_000],
  ['kill-leader', 3_000],
  ['freeze-node', 6_000],
];

describe('a cluster under load', () => {
  for (const [fault, limitMs] of LIMITS) {
    it(`heals from ${fault} within ${limitMs / 1000} s and loses nothing it acknowledged`, async () => {
      await using cluster = await EmbeddedCluster.start(['--restart']);
      const result = await campaign(cluster, fault, 2, () => {});
      assert.ok(result.acknowledged > 20, `only ${result.acknowledged} messages were acknowledged`);
      assert.deepEqual(result.missing, []);
      assert.deepEqual(result.altered, []);
      for (const round of result.results) {
        assert.equal(round.disturbed, 0, 'sessions that had nothing to do with it noticed');
        for (const { milliseconds } of round.outages) assert.ok(milliseconds <= limitMs, `${milliseconds} ms`);
      }
    });
  }
});
