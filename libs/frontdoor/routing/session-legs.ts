import type { Socket } from 'node:net';
import type { Preface, SessionHandover, SessionKind } from '#protocol/handover';
import type { Clock, Logger, Random } from '#stdx';
import { Slots } from '../login/slots.ts';
import { dial, type HubCredentials } from './dial.ts';
import { LegReads } from './leg-reads.ts';
import type { RoutingMap, VolumeOwner } from './routing-map.ts';

export interface LegSettings {
  /** How long a session waits for an owner of its volume that answers. 30,000. */
  readonly waitMs: number;
  /** How long one node may take to answer one preface. 3,000: an owner that is silent longer has lost its lease. */
  readonly dialMs: number;
  /** After an owner did not answer, one try in this time, for all sessions together. 100. */
  readonly retryMs: number;
  /** Legs being opened at once; the others queue, so that a takeover is no stampede. 64: a handshake is work, and more at once only make each last longer. */
  readonly dialsMax: number;
}

export const DEFAULT_LEG_SETTINGS: LegSettings = { waitMs: 30_000, dialMs: 3_000, retryMs: 100, dialsMax: 64 };

/** An open leg: framed both ways, paused, its next byte the node's first. */
export interface SessionLeg {
  readonly socket: Socket;
  /** Its bytes come through these. */
  readonly reads: LegReads;
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
    private readonly hub: HubCredentials,
    private readonly clock: Clock,
    private readonly random: Random,
    private readonly logger: Logger,
    private readonly settings: LegSettings = DEFAULT_LEG_SETTINGS,
  ) {
    this.slots = new Slots(settings.dialsMax, Number.POSITIVE_INFINITY);
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
      if (outcome !== undefined) return { ...outcome, owner };
    } while (remaining() > 0);
    return 'noOwner';
  }

  private async tryOwner(
    kind: SessionKind,
    owner: VolumeOwner,
    session: Omit<SessionHandover, 'volumeId' | 'epoch'>,
  ): Promise<Pick<SessionLeg, 'socket' | 'reads'> | 'denied' | 'moving' | undefined> {
    const preface: Preface = {
      ...session,
      kind,
      hub: this.hub.name,
      issuedAt: this.clock.now(),
      nonce: this.random.bytes(12).toString('base64url'),
      volumeId: owner.volumeId,
      epoch: owner.epoch,
    };
    try {
      const reads = new LegReads();
      const { socket, reply } = await dial(this.hub, owner, preface, this.clock, this.settings.dialMs, reads);
      if (reply.ok) {
        this.suspects.delete(suspectKey(owner));
        return { socket, reads };
      }
      if (reply.code === 'MOVING') {
        this.suspects.delete(suspectKey(owner));
        return 'moving';
      }
      this.logger.warn({ node: owner.nodeName, volumeId: owner.volumeId, ...reply }, 'node refused a session');
      if (reply.code === 'DENIED') return 'denied';
      if (reply.code === 'STALE') void this.routes.refresh();
    } catch (error) {
      this.logger.debug({ node: owner.nodeName, error: (error as Error).message }, 'node did not take a session');
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
    this.suspects.set(key, now + this.settings.dialMs);
    this.forgetOld(now);
    return true;
  }

  private forgetOld(now: number): void {
    for (const [key, until] of this.suspects) if (now > until + 10 * this.settings.dialMs) this.suspects.delete(key);
  }
}

const suspectKey = (owner: VolumeOwner): string => `${owner.volumeId} ${owner.epoch} ${owner.nodeId}`;
