import { clusterStateContract } from '#cluster/contract';
import { seededRandom } from '#stdx';
import { SimulatedClock } from '#testing';
import { MemoryClusterState } from './memory-cluster-state.ts';

let seed = 1;

clusterStateContract('MemoryClusterState', async () => {
  const clock = new SimulatedClock();
  const random = seededRandom(seed++);
  const state = new MemoryClusterState(random.uuid(), random.uuid(), clock, random);
  return {
    state,
    usage: async () => state.usage(),
    pass: (ms) => clock.advance(ms),
    [Symbol.asyncDispose]: async () => {},
  };
});
