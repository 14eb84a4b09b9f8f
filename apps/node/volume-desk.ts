import { acknowledgeWhile, type HoldingListener, NodeAgent, type ServingVolume } from '#cluster/agent';
import { type MailStore, MailStoreError } from '#mailstore/api';
import type { Clock, Logger } from '#stdx';
import type { FindStore } from './data/session-leg.ts';
import type { SessionRegistry } from './data/session-registry.ts';
import type { NodeVolume } from './volume-host.ts';

/** Something that works on a volume for as long as it is served here. */
export interface VolumeWorker {
  stop(): Promise<void>;
}

/** A store as sessions may use it: nothing is acknowledged once the right to do so has ended. */
interface OpenStore {
  readonly epoch: number;
  readonly store: MailStore;
  readonly worker: VolumeWorker;
}

/**
 * What this process does as volumes come and go: sessions find their store here and leave with it; the queue is worked
 * off for as long as the volume is served.
 */
export class VolumeDesk implements HoldingListener<NodeVolume> {
  private readonly open = new Map<string, OpenStore>();
  private agent: NodeAgent<NodeVolume> | undefined;

  constructor(
    private readonly sessions: SessionRegistry,
    private readonly startWorker: (store: MailStore) => VolumeWorker,
    /** How long sessions get to end by themselves. */
    private readonly endingMs: number,
    /** Tells the hubs that volumes came or went. */
    private readonly announce: () => void,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  /** The agent tells this desk of volumes and is asked by it, so one of them is told of the other afterwards. */
  attach(agent: NodeAgent<NodeVolume>): void {
    this.agent = agent;
  }

  readonly find: FindStore = (volumeId, epoch) => {
    const state = this.agent?.use(volumeId, epoch) ?? 'stale';
    if (typeof state === 'string') return state;
    const open = this.open.get(volumeId);
    return open?.epoch === epoch ? open.store : 'stale';
  };

  /** Whatever epoch is served here now. */
  readonly current = (volumeId: string): MailStore | undefined => {
    const open = this.open.get(volumeId);
    if (!open) return undefined;
    const store = this.find(volumeId, open.epoch);
    return typeof store === 'string' ? undefined : store;
  };

  stores(): readonly { readonly volumeId: string; readonly epoch: number; readonly store: MailStore }[] {
    return (this.agent?.serving() ?? []).map(({ volumeId, epoch, volume }: ServingVolume<NodeVolume>) => ({
      volumeId,
      epoch,
      store: volume.store,
    }));
  }

  serving(volume: NodeVolume, volumeId: string, epoch: number): void {
    const may = (): boolean => this.agent?.mayAcknowledge(volumeId, epoch) ?? false;
    const store = acknowledgeWhile(
      volume.store,
      may,
      () => new MailStoreError('unavailable', 'the lease on the volume has ended'),
    );
    this.open.set(volumeId, { epoch, store, worker: this.startWorker(store) });
  }

  async ending(volumeId: string, epoch: number): Promise<void> {
    const open = this.close(volumeId, epoch);
    for (const session of this.sessions.of(volumeId, epoch)) session.end();
    const patience = this.clock.sleep(this.endingMs);
    await Promise.race([Promise.allSettled([open?.worker.stop(), this.sessionsGone(volumeId, epoch)]), patience]);
    for (const session of this.sessions.of(volumeId, epoch)) session.destroy();
  }

  lost(volumeId: string, epoch: number): void {
    const open = this.close(volumeId, epoch);
    for (const session of this.sessions.of(volumeId, epoch)) session.destroy();
    open?.worker.stop().catch((error: Error) => this.logger.debug({ error: error.message }, 'queue of a lost volume'));
  }

  changed(): void {
    this.announce();
  }

  private close(volumeId: string, epoch: number): OpenStore | undefined {
    const open = this.open.get(volumeId);
    if (open?.epoch !== epoch) return undefined;
    this.open.delete(volumeId);
    return open;
  }

  private async sessionsGone(volumeId: string, epoch: number): Promise<void> {
    while (this.sessions.of(volumeId, epoch).length > 0) await this.clock.sleep(5);
  }
}
