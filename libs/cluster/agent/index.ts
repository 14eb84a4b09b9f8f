/** A node's hold on its volumes: opening, leases, fencing, letting go. */
export { acknowledgeWhile } from './acknowledge-while.ts';
export { mountProblem } from './mount/drivers.ts';
export { Mounter } from './mount/mounter.ts';
export { runCommand } from './mount/run-command.ts';
export { type HoldingListener, NodeAgent, type NodeAgentSettings, type ServingVolume } from './node-agent.ts';
export * from './volume-host.ts';
