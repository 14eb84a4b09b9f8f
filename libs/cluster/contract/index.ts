/** One suite for every engine behind `ClusterState`. */
export { clusterStateContract } from './cluster-state-contract.ts';
export type { ClusterStateHarness } from './harness.ts';
