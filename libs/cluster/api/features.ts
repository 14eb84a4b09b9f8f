import type { Release } from '#stdx';
import type { ClusterSnapshot } from './state.ts';

/** The highest level that every member knows, those included that are away and may come back. */
export function levelOfAll({ hubs, nodes }: Pick<ClusterSnapshot, 'hubs' | 'nodes'>): number {
  const seen = nodes.filter(({ lastSeenAt }) => lastSeenAt !== null);
  const members: readonly Pick<Release, 'features'>[] = [...hubs, ...seen];
  return members.length === 0 ? 0 : Math.min(...members.map(({ features }) => features.newest));
}
