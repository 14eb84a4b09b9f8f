import type { ClusterState } from '#cluster/api';
import type { UsageEvent } from '#metering';

/** A fresh, empty cluster of one's own. */
export interface ClusterStateHarness extends AsyncDisposable {
  readonly state: ClusterState;
  /** Every usage event written so far, in order. */
  usage(): Promise<readonly UsageEvent[]>;
  /** Lets time pass on the state's own clock. */
  pass(ms: number): Promise<void>;
}

export type OpenHarness = () => Promise<ClusterStateHarness>;
