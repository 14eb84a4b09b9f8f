import type { NodeState } from './model.ts';

/** What a running node is billed as. */
export type NodeMeter = 'node-active' | 'node-standby';

/** Nothing of it runs any more. */
export const isGone = (state: NodeState | undefined): boolean => state === 'down' || state === 'stopped';

/** Ownership decides between active and standby; what an operator or a failure decided stands. */
export function settledState(state: NodeState, ownedVolumes: number): NodeState {
  if (state !== 'active' && state !== 'standby') return state;
  return ownedVolumes > 0 ? 'active' : 'standby';
}

/** The meter a node's hours count on; `null` while it serves nobody and could not: down, fenced, or drained empty. */
export function nodeMeter(state: NodeState, ownedVolumes: number): NodeMeter | null {
  switch (state) {
    case 'active':
      return 'node-active';
    case 'standby':
      return 'node-standby';
    case 'draining':
      return ownedVolumes > 0 ? 'node-active' : null;
    case 'down':
    case 'stopped':
    case 'fenced':
      return null;
  }
}

/**
 * Id of an interval's end: the same fact always has the same id. `change` is the subject's own count of role changes,
 * which rises by one with each.
 */
export const roleEventId = (
  subject: string,
  meter: NodeMeter | 'hub',
  change: number,
  kind: 'start' | 'stop',
): string => `${subject}~${meter}~${change}~${kind}`;
