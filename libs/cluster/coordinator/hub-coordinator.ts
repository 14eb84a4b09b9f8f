import type { ClusterState, HubMember, NodeControl, VolumeRoute } from '#cluster/api';
import type { Clock, Logger, Random, Release, Timer } from '#stdx';
import { Choice } from './choice.ts';
import { ClusterView } from './cluster-view.ts';
import { withDeadline } from './deadline.ts';
import { EventLog } from './event-log.ts';
import { FailBack } from './fail-back.ts';
import { FeatureDuty, strangeness } from './features.ts';
import { HealthDuty } from './health-duty.ts';
import { LeaderDuties } from './leader-duties.ts';
import { Leadership } from './leadership.ts';
import { MemberDuties } from './member-duties.ts';
import { NodeWatch } from './node-watch.ts';
import { Openings } from './openings.ts';
import { Term } from './term.ts';
import { type CoordinatorTiming, DEFAULT_COORDINATOR_TIMING } from './timing.ts';
import { VolumeDuties } from './volume-duties.ts';

export interface HubCoordinatorOptions {
  /** Who this hub is, as others see it. */
  readonly hub: Pick<HubMember, 'id' | 'name' | 'relay' | keyof Release>;
  /** Sessions it holds now, for the console. */
  readonly sessions?: () => number;
  /** When the certificate ends that it shows to clients. */
  readonly tlsNotAfter?: () => Date;
  readonly timing?: Partial<CoordinatorTiming>;
  /** Routes that changed, as soon as this process knows: before anybody was notified when it leads. */
  readonly onRoutes?: (routes: readonly VolumeRoute[]) => void;
  /** It began or ceased to lead. */
  readonly onLeading?: (leading: boolean) => void;
}

export interface CoordinatorPorts {
  readonly state: ClusterState;
  readonly control: NodeControl;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** One hub's part in the cluster: it watches every node, keeps owners' leases alive, and leads when it is its turn. */
export class HubCoordinator {
  private readonly timing: CoordinatorTiming;
  private readonly view: ClusterView;
  private readonly watch: NodeWatch;
  private readonly leadership: Leadership;
  private readonly duties: LeaderDuties;
  private readonly events: EventLog;
  private heartbeats: Timer | undefined;
  private passes: Timer | undefined;
  private beating = false;
  private beatAgain = false;
  private toldMissing = '';
  private announced = false;
  private stopped = false;

  constructor(
    private readonly options: HubCoordinatorOptions,
    private readonly ports: CoordinatorPorts,
  ) {
    const { state, control, clock, random, logger } = ports;
    const timing = { ...DEFAULT_COORDINATOR_TIMING, ...options.timing };
    this.timing = timing;
    this.events = new EventLog(state, clock, logger);
    this.view = new ClusterView(state, timing, clock, logger, (routes) => this.viewChanged(routes));
    this.watch = new NodeWatch(this.view, control, timing, clock, logger, () => this.nodeChanged());
    this.leadership = new Leadership(options.hub.id, state, timing, clock, random, {
      listener: {
        elected: (epoch) => this.elected(epoch),
        lost: (epoch, reason) => this.deposed(epoch, reason),
      },
      logger,
      // Not before the cluster is known: it may be beyond this release.
      mayLead: () => this.view.snapshot !== undefined && this.strangeness() === undefined,
    });
    const openings = new Openings(
      { view: this.view, watch: this.watch, control, events: this.events },
      timing,
      clock,
      logger,
      () => this.work(),
    );
    const { view, watch, events } = this;
    const term = new Term(() => this.leadership.current(), clock, timing.leaderRenewMs);
    const choice = new Choice(view, watch);
    const volumes = new VolumeDuties({ state, view, watch, control, choice, openings, events, term, clock, logger });
    const hubId = options.hub.id;
    const members = new MemberDuties({ hubId, state, view, watch, choice, volumes, events, term, timing, clock });
    const failBack = new FailBack(view, watch, choice, clock);
    const features = new FeatureDuty(state, view, term);
    const health = new HealthDuty(state, view, watch, term);
    const duties = { state, view, choice, members, volumes, failBack, features, health, events };
    this.duties = new LeaderDuties({ ...duties, term, timing, clock, logger });
  }

  start(): void {
    this.view.start();
    this.watch.start();
    this.leadership.start();
    this.heartbeats = this.ports.clock.every(this.timing.leaderRenewMs, () => void this.heartbeat());
    this.passes = this.ports.clock.every(this.timing.probeIntervalMs, () => this.work());
    void this.heartbeat();
  }

  /** Clean stop: gives up the lead at once and closes this hub's hours. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.heartbeats?.cancel();
    this.passes?.cancel();
    this.watch.stop();
    this.view.stop();
    await this.leadership.stop();
    const { clock, state, logger } = this.ports;
    await withDeadline(clock, this.timing.leaderRenewMs, state.stopHub(this.options.hub.id)).catch((error) =>
      logger.warn({ error: (error as Error).message }, 'could not say that this hub stops'),
    );
    this.events.stop();
  }

  leading(): boolean {
    return this.leadership.current() !== undefined;
  }

  /** The epoch in which this hub leads and may act at this moment. */
  term(): number | undefined {
    return this.leadership.current();
  }

  /** Why this hub's release does not fit its cluster, as far as it is known; it does not lead meanwhile. */
  strangeness(): string | undefined {
    return this.view.snapshot && strangeness(this.options.hub, this.view.snapshot);
  }

  /** Routes as known now. */
  routes(): readonly VolumeRoute[] {
    return this.view.all().map(({ id, epoch, ownerNodeId, state }) => ({ volumeId: id, epoch, ownerNodeId, state }));
  }

  /** For /readyz and metrics: the control plane answered the last question. */
  controlPlaneAnswers(): boolean {
    return this.view.snapshot !== undefined && !this.view.away;
  }

  private viewChanged(routes: readonly VolumeRoute[]): void {
    if (routes.length > 0) this.options.onRoutes?.(routes);
    if (!this.view.snapshot?.leader) this.leadership.hurry();
    this.work();
  }

  private nodeChanged(): void {
    const missing = this.watch.missing().join();
    // Others weigh what this hub sees before they call a node dead: tell them when it changes, not a second later.
    if (missing !== this.toldMissing) void this.heartbeat();
    this.work();
  }

  private work(): void {
    if (this.leading()) void this.duties.run();
  }

  private elected(epoch: number): void {
    this.events.record('leaderElected', this.options.hub.id, { name: this.options.hub.name, epoch });
    this.duties.begin();
    this.options.onLeading?.(true);
    void this.view.refresh().then(() => this.work());
  }

  private deposed(epoch: number, reason: string): void {
    this.events.record('leaderLost', this.options.hub.id, { name: this.options.hub.name, epoch, reason });
    this.options.onLeading?.(false);
  }

  private async heartbeat(): Promise<void> {
    if (this.beating) {
      this.beatAgain = true;
      return;
    }
    this.beating = true;
    const { clock, state, logger } = this.ports;
    try {
      do {
        this.beatAgain = false;
        const missing = this.watch.missing();
        this.toldMissing = missing.join();
        const beat = {
          ...this.options.hub,
          sessions: this.options.sessions?.() ?? 0,
          missing,
          tlsNotAfter: this.options.tlsNotAfter?.() ?? null,
        };
        await withDeadline(clock, this.timing.leaderRenewMs, state.heartbeatHub(beat));
        if (!this.announced) this.events.record('hubUp', beat.id, { name: beat.name, version: beat.version });
        this.announced = true;
      } while (this.beatAgain && !this.stopped);
    } catch (error) {
      logger.debug({ error: (error as Error).message }, 'no heartbeat');
    } finally {
      this.beating = false;
    }
  }
}
