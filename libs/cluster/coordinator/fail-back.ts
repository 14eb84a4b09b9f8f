import type { Volume } from '#cluster/api';
import type { Clock } from '#stdx';
import type { Choice } from './choice.ts';
import type { ClusterView } from './cluster-view.ts';
import type { NodeWatch } from './node-watch.ts';

/**
 * Which volumes go back to the node they prefer. Each is sent once while that node stays well: one whose storage failed
 * it there, or which somebody moved away since, is not sent again before the node went and came back.
 */
export class FailBack {
  /** Volume → since when the node it was sent to had been well. */
  private readonly sent = new Map<string, number>();

  constructor(
    private readonly view: ClusterView,
    private readonly watch: NodeWatch,
    private readonly choice: Choice,
    private readonly clock: Clock,
  ) {}

  /** The node to send it to now, if any. */
  due(volume: Volume): string | undefined {
    const snapshot = this.view.snapshot;
    const home = volume.preferredNodeId;
    if (snapshot?.failBack.mode !== 'auto' || home === null || volume.ownerNodeId === home) return undefined;
    if (snapshot.moves.some(({ volumeId }) => volumeId === volume.id)) return undefined;
    const { wellSince } = this.watch.get(home);
    if (wellSince === undefined || this.clock.monotonic() - wellSince < snapshot.failBack.afterMs) return undefined;
    if (this.sent.get(volume.id) === wellSince || !this.choice.isCandidate(home)) return undefined;
    return home;
  }

  /** It is on its way. */
  began(volumeId: string, home: string): void {
    const { wellSince } = this.watch.get(home);
    if (wellSince !== undefined) this.sent.set(volumeId, wellSince);
  }
}
