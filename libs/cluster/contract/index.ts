/** A suite for each port, for every engine behind it. */
export { type AccountMovesHarness, accountMovesContract } from './account-moves-contract.ts';
export { clusterStateContract } from './cluster-state-contract.ts';
export type { ClusterStateHarness } from './harness.ts';
