/** The cluster's state in one process: for tests and the simulator. */
export { MemoryAccountMoves, type MemoryPlacement } from './memory-account-moves.ts';
export { MemoryClusterState } from './memory-cluster-state.ts';
