import { describe } from 'node:test';
import type { ClusterState } from '#cluster/api';
import type { UsageEvent } from '#metering';
import { assignmentContract } from './assignment-contract.ts';
import { leadershipContract } from './leadership-contract.ts';
import { membershipContract } from './membership-contract.ts';
import { usageContract } from './usage-contract.ts';

/** A fresh, empty cluster of one's own. */
export interface ClusterStateHarness extends AsyncDisposable {
  readonly state: ClusterState;
  /** Every usage event written so far, in order. */
  usage(): Promise<readonly UsageEvent[]>;
  /** Lets time pass on the state's own clock. */
  pass(ms: number): Promise<void>;
}

export type OpenHarness = () => Promise<ClusterStateHarness>;

/** Runs the suite against the engine that `open` makes. */
export function clusterStateContract(name: string, open: OpenHarness): void {
  describe(name, () => {
    leadershipContract(open);
    membershipContract(open);
    assignmentContract(open);
    usageContract(open);
  });
}
