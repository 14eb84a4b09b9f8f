/** The cluster's state in PostgreSQL. */
export * from './clusters.ts';
export * from './owners.ts';
export { PostgresClusterState } from './postgres-cluster-state.ts';
