import {
  type ClusterState,
  type HeldVolume,
  isGone,
  type NodeControl,
  type Volume,
  type VolumeState,
} from '#cluster/api';
import type { Clock, Logger } from '#stdx';
import type { Choice } from './choice.ts';
import type { ClusterView } from './cluster-view.ts';
import type { EventLog } from './event-log.ts';
import type { NodeWatch } from './node-watch.ts';
import type { Openings } from './openings.ts';
import type { Term } from './term.ts';

/** Why a volume changes hands. */
export type Cause = 'first' | 'nodeDown' | 'nodeRestarted' | 'nodeFenced' | 'volumeFailed' | 'released' | Planned;

/** Why a volume changes hands though its owner is well. */
export type Planned = 'moved' | 'drained' | 'failedBack';

const PLANNED: ReadonlySet<string> = new Set<Planned>(['moved', 'drained', 'failedBack']);

export interface ChangeOfHands {
  readonly cause: Cause;
  readonly epoch: number;
  readonly from: string | null;
  readonly to: string | null;
  /** Monotonic: when the leader noticed or decided. */
  readonly since: number;
}

export interface VolumeDutyParts {
  readonly state: ClusterState;
  readonly view: ClusterView;
  readonly watch: NodeWatch;
  readonly control: NodeControl;
  readonly choice: Choice;
  readonly openings: Openings;
  readonly events: EventLog;
  readonly term: Term;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The leader's care for each volume: that it has an owner, that the owner opens it, and that hubs learn when it serves. */
export class VolumeDuties {
  private readonly changes = new Map<string, ChangeOfHands>();
  /** Volume → epoch of a fencing that was recorded. */
  private readonly fencings = new Map<string, number>();

  constructor(private readonly parts: VolumeDutyParts) {}

  /** A new term: nothing is assumed. */
  begin(): void {
    this.changes.clear();
    this.parts.openings.clear();
  }

  async settle(volumeId: string, starting: boolean): Promise<void> {
    const { view, watch, openings } = this.parts;
    const volume = view.volume(volumeId);
    if (!volume) return;
    const owner = volume.ownerNodeId;
    if (owner === null) return this.place(volume, volume.epoch === 0 ? 'first' : 'nodeDown', { starting });
    if (watch.get(owner).reach !== 'answering') {
      // Judged with its node; this is about what stayed with a node that is down, for want of another.
      if (isGone(view.node(owner)?.state)) await this.place(volume, 'nodeDown', { avoid: [owner], starting });
      return;
    }
    const held = watch.held(owner, volumeId);
    if (held && held.epoch > volume.epoch) return;
    if (held?.epoch === volume.epoch) return this.settleHeld(volume, owner, held, starting);
    // The owner's process has not got it at this epoch; unless it was said before the volume came to be as it is.
    if (volume.state === 'serving' && (watch.get(owner).heardAt ?? 0) < view.learntAt(volumeId)) return;
    if (volume.state === 'failed') {
      if (openings.mayTry(volumeId)) await this.place(volume, 'volumeFailed', { starting });
    } else if (volume.state === 'serving' || (!this.openAgain(volume) && openings.mayTry(volumeId))) {
      await this.place(volume, 'nodeRestarted', { stay: owner, starting });
    }
  }

  /** Its owner is well, and somebody wants it elsewhere: the owner closes it while the new one mounts and waits for the lock. */
  async switchOver(volume: Volume, to: string, cause: Planned): Promise<void> {
    await this.assign(volume, to, cause, this.parts.clock.monotonic());
  }

  /** What follows an assignment that is written: whoever held it lets go, and the new owner opens. */
  handOver(volumeId: string, change: ChangeOfHands): void {
    const { view, events, clock, control, watch, logger } = this.parts;
    const { epoch, from, to, cause, since } = change;
    view.assigned(volumeId, epoch, to);
    events.record('volumeAssigned', volumeId, { epoch, from, to, cause }, clock.monotonic() - since);
    const former = from === null ? undefined : view.node(from);
    if (former && from !== to && watch.get(former.id).reach === 'answering') {
      const order = { volumeId, belowEpoch: epoch, reason: `given to another node at epoch ${epoch}: ${cause}` };
      control
        .close(former, order)
        .catch((error: Error) => logger.debug({ error: error.message }, 'no answer to close'));
    }
    this.changes.set(volumeId, change);
    const volume = view.volume(volumeId);
    if (volume && to !== null) this.parts.openings.begin(volume, this.fenceOf(volume));
  }

  private async settleHeld(volume: Volume, owner: string, held: HeldVolume, starting: boolean): Promise<void> {
    const { events, openings } = this.parts;
    switch (held.state) {
      case 'serving':
        return this.confirm(volume);
      case 'opening':
      case 'closing':
        return;
      case 'released':
        return this.place(volume, 'released', { avoid: [owner], starting });
      case 'fenced':
        if (this.fencings.get(volume.id) !== held.epoch) {
          this.fencings.set(volume.id, held.epoch);
          events.record('nodeFenced', owner, { volume: volume.id, epoch: held.epoch, reason: held.reason });
        }
        return this.place(volume, 'nodeFenced', { starting });
      case 'failed':
        if (volume.state !== 'failed') {
          openings.failed(volume.id, owner);
          events.record('takeoverFailed', volume.id, { node: owner, epoch: held.epoch, reason: held.reason });
          await this.setState(volume, 'failed');
        }
        if (openings.mayTry(volume.id)) await this.place(volume, 'volumeFailed', { avoid: [owner], starting });
    }
  }

  /** Gives it to the best node there is; without one it waits for the next pass. */
  private async place(
    volume: Volume,
    cause: Cause,
    wish: { readonly avoid?: readonly string[]; readonly stay?: string; readonly starting: boolean },
  ): Promise<void> {
    const { clock, openings, choice } = this.parts;
    const since = clock.monotonic();
    const avoid = [...(wish.avoid ?? []), ...openings.trouble(volume.id).avoid];
    const to = choice.choose(volume, { ...wish, avoid });
    if (to !== undefined) await this.assign(volume, to, cause, since);
  }

  private async assign(volume: Volume, to: string, cause: Cause, since: number): Promise<void> {
    const { state, view, term } = this.parts;
    const epoch = await term.write((leader) => state.assignVolume(leader, volume.id, volume.epoch, to));
    if (epoch === undefined) {
      void view.refresh();
      return;
    }
    // One that found nobody at first has been without an owner since then.
    const waiting = this.changes.get(volume.id);
    const before = volume.ownerNodeId === null && waiting?.epoch === volume.epoch ? waiting : undefined;
    const from = before?.from ?? volume.ownerNodeId;
    this.handOver(volume.id, { cause, epoch, from, to, since: before?.since ?? since });
  }

  private openAgain(volume: Volume): boolean {
    return this.parts.openings.again(volume, this.fenceOf(volume));
  }

  /** None while a former owner answers: it will let go by itself. */
  private fenceOf({ id: volumeId, epoch, fence }: Volume): readonly string[] | null {
    const { view, watch } = this.parts;
    const letsGo = view.members().some(({ id }) => {
      const held = watch.get(id).reach === 'answering' ? watch.held(id, volumeId) : undefined;
      return held !== undefined && held.epoch < epoch && (held.state === 'serving' || held.state === 'closing');
    });
    return letsGo ? null : fence;
  }

  private async confirm(volume: Volume): Promise<void> {
    const { events, openings, clock } = this.parts;
    if (volume.state === 'serving' || !(await this.setState(volume, 'serving'))) return;
    openings.succeeded(volume.id);
    const change = this.changes.get(volume.id);
    this.changes.delete(volume.id);
    const about = { epoch: volume.epoch, node: volume.ownerNodeId };
    if (change?.epoch !== volume.epoch) {
      events.record('volumeServing', volume.id, about);
      return;
    }
    const { cause, from, since } = change;
    const durationMs = clock.monotonic() - since;
    events.record('volumeServing', volume.id, { ...about, cause, from }, durationMs);
    if (cause === 'first') return;
    const kind = PLANNED.has(cause) ? 'switchoverDone' : 'takeoverDone';
    events.record(kind, volume.id, { ...about, cause, from }, durationMs);
  }

  private async setState(volume: Volume, wanted: VolumeState): Promise<boolean> {
    const { state, view, term } = this.parts;
    const done = await term.write((epoch) => state.setVolumeState(epoch, volume.id, volume.epoch, wanted));
    if (done) view.stateSet(volume.id, volume.epoch, wanted);
    else void view.refresh();
    return done;
  }
}
