import { parentPort, workerData } from 'node:worker_threads';
import { type SimulationResult, simulate } from './simulation.ts';

/** Runs every `step`-th seed from `first` to `last` and hands back all results: one core's share of a test run. */
export interface SeedShare {
  readonly first: number;
  readonly last: number;
  readonly step: number;
}

const { first, last, step } = workerData as SeedShare;
const results: SimulationResult[] = [];
for (let seed = first; seed <= last; seed += step) results.push(await simulate({ seed }));
parentPort?.postMessage(results);
