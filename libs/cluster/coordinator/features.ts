import { type ClusterSnapshot, type ClusterState, isGone, levelOfAll } from '#cluster/api';
import { common, type Release, spanText, within } from '#stdx';
import type { ClusterView } from './cluster-view.ts';
import type { Term } from './term.ts';

/** Why a hub of that release must not lead the cluster: it would not understand its nodes, or hand volumes to some that cannot read them. */
export function strangeness(
  { version, protocol, features }: Release,
  { nodes, featureLevel }: Pick<ClusterSnapshot, 'nodes' | 'featureLevel'>,
): string | undefined {
  if (!within(featureLevel, features))
    return `release ${version} knows feature levels ${spanText(features)}, the cluster is at ${featureLevel}`;
  const stranger = nodes.find((node) => !isGone(node.state) && common(protocol, node.protocol) === undefined);
  return stranger
    ? `release ${version} speaks protocol ${spanText(protocol)}, ${stranger.name} is release ${stranger.version} and speaks ${spanText(stranger.protocol)}`
    : undefined;
}

/** Raises the cluster's feature level by itself, where an operator wants that. */
export class FeatureDuty {
  constructor(
    private readonly state: ClusterState,
    private readonly view: ClusterView,
    private readonly term: Term,
  ) {}

  async settle(): Promise<void> {
    const { snapshot } = this.view;
    if (snapshot?.featureRaise !== 'auto') return;
    const level = levelOfAll(snapshot);
    if (level <= snapshot.featureLevel) return;
    // Only rises, and only where all know it: it needs no leader's epoch.
    await this.term.write(() => this.state.raiseFeatureLevel(level));
    await this.view.refresh();
  }
}
