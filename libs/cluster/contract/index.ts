/** One suite for every engine behind `ClusterState`. */
export { type ClusterStateHarness, clusterStateContract } from './cluster-state-contract.ts';
