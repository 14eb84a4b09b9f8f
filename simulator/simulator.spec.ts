import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { simulate } from './simulation.ts';

/** More: `node dist/simulator/main.js --seeds N`. */
const SEEDS = Number(process.env['ROOKERY_SIMULATOR_SEEDS'] ?? 500);

describe('the cluster, simulated', () => {
  it(`holds its laws under ${SEEDS} seeds of faults`, async () => {
    let acknowledged = 0;
    let takeovers = 0;
    let switchovers = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const result = await simulate({ seed });
      assert.deepEqual(result.violations, [], `replay: node dist/simulator/main.js --seed ${seed} --trace`);
      acknowledged += result.acknowledged;
      takeovers += result.takeovers;
      switchovers += result.switchovers;
    }
    assert.ok(acknowledged > SEEDS * 100, `${acknowledged} writes`);
    assert.ok(takeovers > SEEDS && switchovers > SEEDS / 4, `${takeovers} takeovers, ${switchovers} by plan`);
  });

  it('gives one seed one course of events', async () => {
    const [first, second] = [await simulate({ seed: 77 }), await simulate({ seed: 77 })];
    assert.deepEqual(first, second);
  });

  it('holds them in a larger cluster', async () => {
    const result = await simulate({ seed: 5, hubs: 6, nodes: 12, volumes: 30, faultsMs: 10_000 });
    assert.deepEqual(result.violations, []);
  });
});
