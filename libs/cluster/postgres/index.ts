/** The cluster's state in PostgreSQL. */
export { PostgresAccountMoves } from './account-moves.ts';
export * from './authority.ts';
export * from './certificates.ts';
export * from './clusters.ts';
export * from './join.ts';
export * from './join-tokens.ts';
export * from './owners.ts';
export { PostgresClusterState } from './postgres-cluster-state.ts';
