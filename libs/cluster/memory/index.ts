/** The cluster's state in one process: for tests and the simulator. */
export { MemoryClusterState } from './memory-cluster-state.ts';
