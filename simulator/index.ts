/** The cluster under a simulated clock, network and storage: production code, seeded faults, checked laws. */
export { type SimulationOptions, type SimulationResult, simulate } from './simulation.ts';
