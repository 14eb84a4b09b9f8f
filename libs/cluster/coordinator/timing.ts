import { type ClusterTiming, DEFAULT_TIMING } from '#cluster/api';

/** CLUSTER.md's timing and what a coordinator needs besides. Milliseconds. */
export interface CoordinatorTiming extends ClusterTiming {
  /**
   * A node this hub's process has never heard is not judged for so long after the process started: in a cluster that
   * starts as a whole, volumes go back to where they were instead of to whoever is first. 5,000.
   */
  readonly joinGraceMs: number;
  /** A hub whose last heartbeat is older is marked down. 5,000. */
  readonly hubSilentMsMax: number;
  /** The whole state is read this often even when nobody announced a change. 1,000. */
  readonly pollMs: number;
  /** Shortest and longest wait before a volume that could not be opened is tried again. 500 and 30,000. */
  readonly openRetryMsMin: number;
  readonly openRetryMsMax: number;
  /** Planned switchovers under way at once. 4: a drained node's sessions do not all move in one second. */
  readonly switchoversMax: number;
}

export const DEFAULT_COORDINATOR_TIMING: CoordinatorTiming = {
  ...DEFAULT_TIMING,
  joinGraceMs: 5_000,
  hubSilentMsMax: 5_000,
  pollMs: 1_000,
  openRetryMsMin: 500,
  openRetryMsMax: 30_000,
  switchoversMax: 4,
};
