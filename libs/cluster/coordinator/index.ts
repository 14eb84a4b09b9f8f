/** What every hub runs: watching nodes, renewing owners, electing a leader; and what the leader does besides. */
export { type CoordinatorPorts, HubCoordinator, type HubCoordinatorOptions } from './hub-coordinator.ts';
export { type Candidate, type PlacementWish, placeVolume } from './placement.ts';
export { type CoordinatorTiming, DEFAULT_COORDINATOR_TIMING } from './timing.ts';
