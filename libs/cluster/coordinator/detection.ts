import type { ClusterSnapshot } from '#cluster/api';
import type { Reach } from './node-watch.ts';

export interface Suspicion {
  readonly nodeId: string;
  readonly reach: Reach;
  /** The hub that judges. */
  readonly hubId: string;
  /** How long this hub's process has been watching. */
  readonly watchedMs: number;
}

/**
 * Is the node down? A process that is gone, at once. A silent one, unless most of the live hubs hear it: then the fault
 * is this hub's own line, and the others keep the owner's lease alive. One never heard only after the grace, since
 * everything may be starting. Being wrong costs a switchover, not data: the storage lock decides who writes.
 */
export function isDown(
  suspicion: Suspicion,
  snapshot: ClusterSnapshot,
  timing: { readonly joinGraceMs: number; readonly leaderTtlMs: number },
): boolean {
  switch (suspicion.reach) {
    case 'answering':
      return false;
    case 'refused':
      return true;
    case 'unknown':
      if (suspicion.watchedMs < timing.joinGraceMs) return false;
      return !contradicted(suspicion, snapshot, timing.leaderTtlMs);
    case 'silent':
      return !contradicted(suspicion, snapshot, timing.leaderTtlMs);
  }
}

/** A majority of the hubs whose heartbeat is fresh, this one counted among them, hears the node. */
function contradicted({ nodeId, hubId }: Suspicion, snapshot: ClusterSnapshot, freshMs: number): boolean {
  const live = snapshot.hubs.filter(
    ({ id, state, lastSeenAt }) =>
      id === hubId || (state === 'up' && snapshot.at.getTime() - lastSeenAt.getTime() <= freshMs),
  );
  const hearing = live.filter(({ id }) => id !== hubId && !snapshot.missing.get(id)?.includes(nodeId));
  return hearing.length * 2 > live.length;
}
