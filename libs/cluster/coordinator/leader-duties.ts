import type { ClusterState, RequestedMove, Volume } from '#cluster/api';
import type { Clock, Logger } from '#stdx';
import type { Choice } from './choice.ts';
import type { ClusterView } from './cluster-view.ts';
import type { EventLog } from './event-log.ts';
import type { FailBack } from './fail-back.ts';
import type { FeatureDuty } from './features.ts';
import type { HealthDuty } from './health-duty.ts';
import type { MemberDuties } from './member-duties.ts';
import { NoLongerLeading, type Term } from './term.ts';
import type { CoordinatorTiming } from './timing.ts';
import type { VolumeDuties } from './volume-duties.ts';

export interface LeaderDutyParts {
  readonly state: ClusterState;
  readonly view: ClusterView;
  readonly choice: Choice;
  readonly members: MemberDuties;
  readonly volumes: VolumeDuties;
  readonly failBack: FailBack;
  readonly features: FeatureDuty;
  readonly health: HealthDuty;
  readonly events: EventLog;
  readonly term: Term;
  readonly timing: CoordinatorTiming;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** After a pass that failed the next waits a moment, lest a fault that stays becomes a storm. */
const FAILED_PAUSE_MS = 200;

/**
 * What the leader does besides what every hub does. Each pass compares what is written, what nodes report and what
 * operators wish, and takes the next step for whatever differs. It remembers nothing it could not do without: a new
 * leader goes on from the same facts, and a step done twice is refused by an epoch.
 */
export class LeaderDuties {
  private running = false;
  private again = false;
  private pausedUntil = Number.NEGATIVE_INFINITY;
  /** Drained nodes that this leader has seen owning something. */
  private readonly emptying = new Set<string>();

  constructor(private readonly parts: LeaderDutyParts) {}

  /** A new term. */
  begin(): void {
    this.parts.volumes.begin();
  }

  /** Makes a pass; asked again meanwhile, it makes one more. Never rejects. */
  async run(): Promise<void> {
    const { clock, logger, view } = this.parts;
    if (this.running) this.again = true;
    if (this.running || clock.monotonic() < this.pausedUntil) return;
    this.running = true;
    try {
      do {
        this.again = false;
        await this.pass();
      } while (this.again);
    } catch (error) {
      if (!(error instanceof NoLongerLeading)) {
        logger.warn({ error: (error as Error).message }, 'a leader step failed; it will be tried again');
        this.pausedUntil = clock.monotonic() + FAILED_PAUSE_MS;
      }
      void view.refresh();
    } finally {
      this.running = false;
    }
  }

  private async pass(): Promise<void> {
    const { view, term, members, volumes, features, health, timing } = this.parts;
    // Without the control plane nobody is promoted.
    if (!term.running() || !view.snapshot || view.away) return;
    await members.settleNodes();
    const starting = members.watchedMs() < timing.joinGraceMs;
    for (const { id } of view.all()) await volumes.settle(id, starting);
    for (const move of view.snapshot.moves) await this.carryOut(move);
    for (const nodeId of view.snapshot.drains) await this.empty(nodeId);
    for (const volume of view.all()) await this.sendHome(volume);
    await members.settleHubs();
    await features.settle();
    await health.settle();
  }

  private async carryOut({ volumeId, toNodeId }: RequestedMove): Promise<void> {
    const { view, state, volumes, choice, term } = this.parts;
    const volume = view.volume(volumeId);
    if (volume?.state !== 'serving') return;
    if (volume.ownerNodeId === toNodeId) {
      await term.write(() => state.requestMove(volumeId, null));
      await view.refresh();
    } else if (this.mayMove(volume) && choice.isCandidate(toNodeId)) {
      await volumes.switchOver(volume, toNodeId, 'moved');
      await view.refresh();
    }
  }

  private async empty(nodeId: string): Promise<void> {
    const { view, choice, volumes, events } = this.parts;
    const owned = view.ownedBy(nodeId);
    if (owned.length > 0) this.emptying.add(nodeId);
    else if (this.emptying.delete(nodeId)) events.record('nodeDrained', nodeId, { name: view.node(nodeId)?.name });
    for (const volume of owned) {
      if (!this.mayMove(volume)) continue;
      const to = choice.choose(volume, { starting: false });
      if (to !== undefined) await volumes.switchOver(volume, to, 'drained');
    }
  }

  private async sendHome(volume: Volume): Promise<void> {
    const { failBack, volumes } = this.parts;
    const home = failBack.due(volume);
    if (home === undefined || !this.mayMove(volume)) return;
    failBack.began(volume.id, home);
    await volumes.switchOver(volume, home, 'failedBack');
  }

  private mayMove(volume: Volume): boolean {
    const underWay = this.parts.view.all().filter(({ state }) => state === 'opening').length;
    return volume.state === 'serving' && underWay < this.parts.timing.switchoversMax;
  }
}
