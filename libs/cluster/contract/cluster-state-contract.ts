import { describe } from 'node:test';
import { assignmentContract } from './assignment-contract.ts';
import type { OpenHarness } from './harness.ts';
import { leadershipContract } from './leadership-contract.ts';
import { membershipContract } from './membership-contract.ts';
import { usageContract } from './usage-contract.ts';

/** Runs the suite against the engine that `open` makes. */
export function clusterStateContract(name: string, open: OpenHarness): void {
  describe(name, () => {
    leadershipContract(open);
    membershipContract(open);
    assignmentContract(open);
    usageContract(open);
  });
}
