/** The cluster's ports: leases, membership, assignment, events; and the values hubs and nodes exchange. */
export * from './account-moves.ts';
export * from './control.ts';
export * from './features.ts';
export * from './model.ts';
export * from './rebalance.ts';
export * from './roles.ts';
export * from './state.ts';
