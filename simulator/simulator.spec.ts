import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import { FAULT_NAMES } from './faults.ts';
import type { SeedShare } from './seed-worker.ts';
import { type SimulationResult, simulate } from './simulation.ts';

/** More: `node dist/simulator/main.js --seeds N`. */
const SEEDS = Number(process.env['ROOKERY_SIMULATOR_SEEDS'] ?? 1_000);
const WORKERS = Math.min(2, availableParallelism());

function share(workerData: SeedShare): Promise<readonly SimulationResult[]> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./seed-worker.js', import.meta.url), { workerData });
    worker.once('message', resolve).once('error', reject);
  });
}

describe('the cluster, simulated', () => {
  it(`holds its laws under ${SEEDS} seeds of faults of every kind`, async () => {
    const shares = Array.from({ length: WORKERS }, (_, at) => share({ first: at + 1, last: SEEDS, step: WORKERS }));
    const results = (await Promise.all(shares)).flat();
    assert.equal(results.length, SEEDS);
    for (const { seed, violations } of results)
      assert.deepEqual(violations, [], `replay: node dist/simulator/main.js --seed ${seed} --trace`);
    const sum = (of: (result: SimulationResult) => number): number => results.reduce((all, each) => all + of(each), 0);
    const [acknowledged, takeovers, switchovers] = [
      sum((each) => each.acknowledged),
      sum((each) => each.takeovers),
      sum((each) => each.switchovers),
    ];
    assert.ok(acknowledged > SEEDS * 100, `${acknowledged} writes`);
    assert.ok(takeovers > SEEDS && switchovers > SEEDS / 4, `${takeovers} takeovers, ${switchovers} by plan`);
    for (const name of FAULT_NAMES) {
      const times = sum(({ faults }) => faults[name] ?? 0);
      assert.ok(times > SEEDS / 20, `${name}: ${times} times`);
    }
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
