import type { Channel } from '#carrier';
import type { SessionHandover, SessionKind } from '#protocol/handover';
import type { Clock, Logger } from '#stdx';
import { Slots } from '../login/slots.ts';
import { CarrierRefusedError, type NodeCarriers } from './node-carriers.ts';
import type { RoutingMap, VolumeOwner } from './routing-map.ts';

export interface LegSettings {
  /** How long a session waits for an owner of its volume that answers. 30,000. */
  readonly waitMs: number;
  /** After an owner did not answer, one try in this time, for all sessions together. 100. */
  readonly retryMs: number;
  /** After an owner did not answer, whoever tries it keeps the others waiting for so long. 3,000. */
  readonly tryMs: number;
  /** Legs being opened at once; the others queue, so that a takeover is no stampede. 64: a session that goes on is work for its node. */
  readonly openingMax: number;
}

export const DEFAULT_LEG_SETTINGS: LegSettings = { waitMs: 30_000, retryMs: 100, tryMs: 3_000, openingMax: 64 };

/** An open leg; what has come on it waits for a user. */
export interface SessionLeg {
  readonly channel: Channel;
  readonly owner: VolumeOwner;
}

/** `moving`: the account leaves that volume, or has left it. `noOwner`: nobody served the volume in time. `denied`: the node does not believe this hub (key or clock). */
export type LegRefusal = 'moving' | 'noOwner' | 'denied';

/** Opens the legs of signed-in sessions to whoever serves their volume, waiting while nobody does. */
export class SessionLegs {
  /** Owners that did not answer, and when one of us may try again. */
  private readonly suspects = new Map<string, number>();
  private readonly slots: Slots;

  constructor(
    private readonly routes: RoutingMap,
    private readonly carriers: NodeCarriers,
    private readonly clock: Clock,
    private readonly logger: Logger,
    private readonly settings: LegSettings = DEFAULT_LEG_SETTINGS,
  ) {
    this.slots = new Slots(settings.openingMax, Number.POSITIVE_INFINITY);
  }

  async open(
    kind: SessionKind,
    volumeId: string,
    session: Omit<SessionHandover, 'volumeId' | 'epoch'>,
    waitMs = this.settings.waitMs,
  ): Promise<SessionLeg | LegRefusal> {
    const deadline = this.clock.monotonic() + waitMs;
    const remaining = (): number => deadline - this.clock.monotonic();
    let failed: VolumeOwner | undefined;
    do {
      const owner = failed
        ? ((await this.routes.nextOwner(volumeId, failed, Math.min(this.settings.retryMs, remaining()))) ??
          this.routes.current(volumeId))
        : await this.routes.ownerOf(volumeId, remaining());
      if (!owner) continue;
      failed = owner;
      if (!this.mayTry(owner)) continue;
      const outcome = await this.slots.run(() => this.tryOwner(kind, owner, session));
      if (outcome === 'denied' || outcome === 'moving') return outcome;
      if (outcome !== undefined) return { channel: outcome, owner };
    } while (remaining() > 0);
    return 'noOwner';
  }

  private async tryOwner(
    kind: SessionKind,
    owner: VolumeOwner,
    session: Omit<SessionHandover, 'volumeId' | 'epoch'>,
  ): Promise<Channel | 'denied' | 'moving' | undefined> {
    const opening = { ...session, kind, volumeId: owner.volumeId, epoch: owner.epoch };
    try {
      const { channel, reply } = await this.carriers.open(owner, opening);
      if (reply.ok) {
        this.suspects.delete(suspectKey(owner));
        return channel;
      }
      if (reply.code === 'MOVING') {
        this.suspects.delete(suspectKey(owner));
        return 'moving';
      }
      this.logger.warn({ node: owner.nodeName, volumeId: owner.volumeId, ...reply }, 'node refused a session');
      if (reply.code === 'STALE') void this.routes.refresh();
    } catch (error) {
      const { message } = error as Error;
      if (error instanceof CarrierRefusedError && error.reply.code === 'DENIED') {
        this.logger.warn({ node: owner.nodeName, error: message }, 'node does not believe this hub');
        return 'denied';
      }
      this.logger.debug({ node: owner.nodeName, error: message }, 'node did not take a session');
    }
    this.suspects.set(suspectKey(owner), this.clock.monotonic() + this.settings.retryMs);
    return undefined;
  }

  /** An owner that just failed is tried by one session at a time. */
  private mayTry(owner: VolumeOwner): boolean {
    const key = suspectKey(owner);
    const until = this.suspects.get(key);
    if (until === undefined) return true;
    const now = this.clock.monotonic();
    if (now < until) return false;
    // Whoever tries now keeps the others waiting until it knows.
    this.suspects.set(key, now + this.settings.tryMs);
    this.forgetOld(now);
    return true;
  }

  private forgetOld(now: number): void {
    for (const [key, until] of this.suspects) if (now > until + 10 * this.settings.tryMs) this.suspects.delete(key);
  }
}

const suspectKey = (owner: VolumeOwner): string => `${owner.volumeId} ${owner.epoch} ${owner.nodeId}`;
