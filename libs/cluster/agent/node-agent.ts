import type {
  CloseOrder,
  ControlledNode,
  LeaseGrant,
  NodeReport,
  OpenOrder,
  OpenRefusal,
  OpenReport,
} from '#cluster/api';
import type { Clock, Logger, Release } from '#stdx';
import { Holding } from './holding.ts';
import { type Interruption, type TakeOutcome, takeVolume } from './take-volume.ts';
import { type HostedVolume, StillMountedError, type VolumeHost } from './volume-host.ts';

export interface NodeAgentSettings {
  /** Differs after each start of the process. */
  readonly instance: string;
  readonly release: Release;
  /** Life of an owner's lease; default 3,000 (CLUSTER.md). */
  readonly ownerLeaseMs: number;
}

/** What the node does when a volume comes and goes. */
export interface HoldingListener<V> {
  serving(volume: V, volumeId: string, epoch: number): void;
  /** Planned: end sessions between commands. The volume closes when this resolves, so bound it. */
  ending(volumeId: string, epoch: number, reason: string): Promise<void>;
  /** At once: acknowledge nothing any more. The volume is being closed. */
  lost(volumeId: string, epoch: number, reason: string): void;
  /** What `report` says has changed: tell the hubs. */
  changed?(): void;
}

/** A volume usable now. */
export interface ServingVolume<V> {
  readonly volumeId: string;
  readonly epoch: number;
  readonly volume: V;
}

/** How long the end of a holding stays in reports, for hubs that were away when it happened. */
const ENDED_SHOWN_MS = 60_000;

/**
 * The volumes of one node process. Laws:
 * - one epoch is opened once, and none below the highest it was told of;
 * - a volume is usable while its lease lives by the monotonic clock, checked at every use, not by a timer;
 * - a lease that ended never comes back: the volume is closed, and only a later epoch opens it again.
 */
export class NodeAgent<V extends HostedVolume> implements ControlledNode {
  /** The newest of each volume, for a while also after its end. */
  private readonly holdings = new Map<string, Holding<V>>();
  /** Whatever still holds, or tries to take, storage. */
  private readonly held = new Set<Holding<V>>();
  /** Lowest epoch this process may still open. */
  private readonly floors = new Map<string, number>();
  private stopping = false;

  constructor(
    private readonly settings: NodeAgentSettings,
    private readonly host: VolumeHost<V>,
    private readonly listener: HoldingListener<V>,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  report(): NodeReport {
    this.forgetEnded();
    return {
      instance: this.settings.instance,
      ...this.settings.release,
      stopping: this.stopping,
      stamp: this.clock.monotonic(),
      volumes: [...this.holdings.values()].map((holding) => holding.describe()),
    };
  }

  renew(grant: LeaseGrant): void {
    if (grant.instance !== this.settings.instance) return;
    for (const { volumeId, epoch } of grant.volumes) {
      const holding = this.holdings.get(volumeId);
      if (holding?.epoch === epoch) holding.renew(grant.stamp + this.settings.ownerLeaseMs);
    }
  }

  async open(order: OpenOrder): Promise<OpenReport> {
    const { volumeId, epoch } = order;
    const refusal = this.refusalOf(order);
    if (refusal) return refusal;
    const former = this.holdings.get(volumeId);
    if (former?.epoch === epoch && former.opened) return former.opened;
    this.floors.set(volumeId, epoch + 1);
    const leaseUntil = order.stamp + this.settings.ownerLeaseMs;
    const holding = new Holding<V>(volumeId, epoch, leaseUntil, this.clock, () => this.expire(holding));
    this.holdings.set(volumeId, holding);
    this.held.add(holding);
    holding.opened = this.take(holding, order, former);
    return holding.opened;
  }

  async close({ volumeId, belowEpoch, reason }: CloseOrder): Promise<void> {
    this.floors.set(volumeId, Math.max(belowEpoch, this.floors.get(volumeId) ?? 0));
    const holding = this.holdings.get(volumeId);
    if (holding && holding.epoch < belowEpoch) await this.release(holding, reason);
  }

  /** The volume, for new work. `stale`: not this process's at that epoch (any more). `unavailable`: not yet. */
  use(volumeId: string, epoch: number): V | 'stale' | 'unavailable' {
    const holding = this.holdings.get(volumeId);
    if (holding?.epoch !== epoch) return 'stale';
    if (holding.state === 'opening') return 'unavailable';
    return holding.state === 'serving' && holding.leaseLive() && holding.volume ? holding.volume : 'stale';
  }

  /** Work begun on it may still be acknowledged. */
  mayAcknowledge(volumeId: string, epoch: number): boolean {
    const holding = this.holdings.get(volumeId);
    if (holding?.epoch !== epoch || !holding.leaseLive()) return false;
    return holding.state === 'serving' || holding.state === 'closing';
  }

  serving(): readonly ServingVolume<V>[] {
    const found: ServingVolume<V>[] = [];
    for (const { volumeId, epoch } of this.holdings.values()) {
      const volume = this.use(volumeId, epoch);
      if (typeof volume === 'object') found.push({ volumeId, epoch, volume });
    }
    return found;
  }

  /** False while storage is held on a lease that has ended: what a watchdog must not let last. */
  leasesHold(): boolean {
    return [...this.held].every((holding) => holding.leaseLive());
  }

  /** Lets everything go in order and opens nothing more. */
  async stop(reason: string): Promise<void> {
    this.stopping = true;
    this.listener.changed?.();
    await Promise.all([...this.held].map((holding) => this.release(holding, reason)));
  }

  private refusalOf(order: OpenOrder): OpenReport | undefined {
    const refuse = (refusal: OpenRefusal, reason: string): OpenReport => ({ ok: false, refusal, reason, steps: [] });
    if (order.instance !== this.settings.instance) return refuse('notMe', 'the order was meant for a former process');
    if (this.stopping) return refuse('notMe', 'the node is stopping');
    const holding = this.holdings.get(order.volumeId);
    if (holding?.epoch === order.epoch && (holding.state === 'opening' || holding.state === 'serving'))
      return undefined;
    const floor = this.floors.get(order.volumeId) ?? 0;
    if (order.epoch >= floor) return undefined;
    return refuse('superseded', `epoch ${order.epoch} is over: this process may open ${floor} at the earliest`);
  }

  private async take(holding: Holding<V>, order: OpenOrder, former: Holding<V> | undefined): Promise<OpenReport> {
    if (former) await this.release(former, `given to this node anew at epoch ${order.epoch}`);
    const interrupted = (): Interruption | undefined => holding.interruption;
    const outcome = await takeVolume(this.host, order, interrupted, this.clock, this.logger);
    return this.settle(holding, outcome);
  }

  private async settle(holding: Holding<V>, { report, volume }: TakeOutcome<V>): Promise<OpenReport> {
    const { volumeId, epoch } = holding;
    holding.volume = volume;
    // The timer may be late: what counts is the clock.
    if (!holding.leaseLive()) holding.interrupt('leaseExpired', this.expiryReason());
    if (volume && report.ok && !holding.interruption) {
      holding.state = 'serving';
      void volume.failed.then((error) => this.fail(holding, error));
      this.logger.info({ volumeId, epoch, steps: report.steps }, 'volume open');
      this.listener.serving(volume, volumeId, epoch);
      this.listener.changed?.();
      return report;
    }
    const ended: OpenReport = holding.interruption
      ? { ok: false, ...holding.interruption, steps: report.steps }
      : report;
    if (!ended.ok) {
      holding.reason = ended.reason;
      this.logger.warn({ volumeId, epoch, refusal: ended.refusal, reason: ended.reason }, 'volume not opened');
      await this.closeVolume(holding, endStateOf(ended.refusal));
    }
    return ended;
  }

  /** Ends it in an orderly way. What ended before keeps its reason; later callers wait for the same end. */
  private async release(holding: Holding<V>, reason: string): Promise<void> {
    const { volumeId, epoch } = holding;
    if (holding.state === 'opening') {
      holding.interrupt('superseded', reason);
      await holding.opened;
    } else if (holding.state === 'serving') {
      holding.state = 'closing';
      holding.reason = reason;
      this.logger.info({ volumeId, epoch, reason }, 'letting a volume go');
      holding.letGo = this.listener
        .ending(volumeId, epoch, reason)
        .catch((error) => this.logger.warn({ error: (error as Error).message }, 'sessions did not end in order'))
        .then(() => this.closeVolume(holding, 'released'));
    }
    await holding.letGo;
  }

  private expire(holding: Holding<V>): void {
    const { volumeId, epoch } = holding;
    const reason = this.expiryReason();
    if (holding.state === 'opening') {
      holding.interrupt('leaseExpired', reason);
      return;
    }
    this.listener.lost(volumeId, epoch, reason);
    // A planned close under way goes on; it only may not acknowledge any more.
    if (holding.state !== 'serving') return;
    this.logger.error(
      { volumeId, epoch, reason },
      'fenced: this node stops serving the volume and writes nothing to it',
    );
    holding.state = 'closing';
    holding.reason = reason;
    holding.letGo = this.closeVolume(holding, 'fenced');
  }

  private fail(holding: Holding<V>, error: Error): void {
    if (holding.state !== 'serving') return;
    const { volumeId, epoch } = holding;
    this.logger.error({ volumeId, epoch, error: error.message }, 'the storage failed the volume');
    this.listener.lost(volumeId, epoch, error.message);
    holding.state = 'closing';
    holding.reason = error.message;
    holding.letGo = this.closeVolume(holding, 'failed');
  }

  /** A volume that cannot be closed stays held, so that the watchdog sees a lease that ended on it. */
  private async closeVolume(holding: Holding<V>, as: 'released' | 'fenced' | 'failed'): Promise<void> {
    const { volumeId, epoch, reason } = holding;
    const start = this.clock.monotonic();
    try {
      await holding.volume?.close();
    } catch (error) {
      const { message } = error as Error;
      this.logger.error({ volumeId, epoch, error: message }, 'closing a volume failed');
      if (!(error instanceof StillMountedError)) return;
      holding.reason = `${reason ?? 'let go'}; ${message}`;
    }
    if (holding.volume) {
      this.logger.info({ volumeId, epoch, as, reason, durationMs: this.clock.monotonic() - start }, 'volume closed');
    }
    holding.end(as);
    this.held.delete(holding);
    this.listener.changed?.();
  }

  private expiryReason(): string {
    return `no hub renewed the lease for ${this.settings.ownerLeaseMs} ms`;
  }

  private forgetEnded(): void {
    const now = this.clock.monotonic();
    for (const [volumeId, holding] of this.holdings) {
      if (!this.held.has(holding) && now - holding.endedAt > ENDED_SHOWN_MS) this.holdings.delete(volumeId);
    }
  }
}

function endStateOf(refusal: OpenRefusal): 'released' | 'fenced' | 'failed' {
  switch (refusal) {
    case 'leaseExpired':
      return 'fenced';
    case 'superseded':
    case 'notMe':
      return 'released';
    case 'mountFailed':
    case 'wrongIdentity':
    case 'openFailed':
      return 'failed';
  }
}
