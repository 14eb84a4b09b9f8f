import type { Volume } from '#cluster/api';
import { within } from '#stdx';
import type { ClusterView } from './cluster-view.ts';
import type { NodeWatch } from './node-watch.ts';
import { type Candidate, placeVolume } from './placement.ts';

export interface ChoiceWish {
  /** Only when there is nobody else. */
  readonly avoid?: Iterable<string>;
  /** Rather than anybody else, when it can. */
  readonly stay?: string;
  /** Weight promised to nodes in the same step and not yet written. */
  readonly planned?: ReadonlyMap<string, number>;
  /** The cluster is just starting: a preferred node may still come. */
  readonly starting: boolean;
}

/** Who could take a volume now, as this hub sees it. */
export class Choice {
  constructor(
    private readonly view: ClusterView,
    private readonly watch: NodeWatch,
  ) {}

  /** The node to give it to; `undefined` when there is none, or when it is worth waiting for the preferred one. */
  choose(volume: Volume, wish: ChoiceWish): string | undefined {
    const candidates = this.candidates(wish.planned ?? new Map());
    const avoid = new Set(wish.avoid);
    const home = volume.preferredNodeId;
    const wait = volume.epoch === 0 && home !== null && wish.starting;
    if (wait && !candidates.some(({ nodeId }) => nodeId === home)) return undefined;
    const prefer = wish.stay ?? (home !== null && avoid.has(home) ? null : home);
    return placeVolume(candidates, { weight: volume.weight, prefer, avoid });
  }

  isCandidate(nodeId: string): boolean {
    const member = this.view.node(nodeId);
    const { reach, missed, report } = this.watch.get(nodeId);
    // One probe out is a message on its way; two are a doubt.
    if (!member || reach !== 'answering' || missed > 1 || !report || report.stopping) return false;
    if (member.state !== 'active' && member.state !== 'standby') return false;
    if (this.view.snapshot?.drains.includes(nodeId)) return false;
    // It might not read what the others have written.
    if (!within(this.view.snapshot?.featureLevel ?? 1, report.features)) return false;
    return member.eligible || this.view.ownedBy(nodeId).length > 0;
  }

  private candidates(planned: ReadonlyMap<string, number>): readonly Candidate[] {
    return this.view
      .members()
      .filter(({ id }) => this.isCandidate(id))
      .map(({ id, weight }) => {
        const load = this.view.ownedBy(id).reduce((sum, volume) => sum + volume.weight, 0);
        return { nodeId: id, weight, load: load + (planned.get(id) ?? 0) };
      });
  }
}
