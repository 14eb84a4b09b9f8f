import {
  type NodeControl,
  NodeUnreachableError,
  type OpenOrder,
  type OpenReport,
  type OpenStep,
  type Volume,
} from '#cluster/api';
import type { Clock, Logger } from '#stdx';
import type { ClusterView } from './cluster-view.ts';
import type { EventLog } from './event-log.ts';
import type { NodeWatch } from './node-watch.ts';
import type { CoordinatorTiming } from './timing.ts';

interface Ordered {
  readonly epoch: number;
  readonly instance: string;
  /** Its answer is still to come. */
  waiting: boolean;
  /** It was refused: this epoch will not be opened there any more. */
  refused: boolean;
}

interface Trouble {
  readonly failures: number;
  /** Monotonic. */
  readonly notBefore: number;
  readonly avoid: ReadonlySet<string>;
}

const NO_TROUBLE: Trouble = { failures: 0, notBefore: Number.NEGATIVE_INFINITY, avoid: new Set() };

/** The orders a leader has given to open volumes, and the patience it has with those that failed. */
export class Openings {
  private readonly ordered = new Map<string, Ordered>();
  private readonly troubles = new Map<string, Trouble>();

  constructor(
    private readonly parts: {
      readonly view: ClusterView;
      readonly watch: NodeWatch;
      readonly control: NodeControl;
      readonly events: EventLog;
    },
    private readonly timing: CoordinatorTiming,
    private readonly clock: Clock,
    private readonly logger: Logger,
    /** Something about it is news to the leader. */
    private readonly changed: () => void,
  ) {}

  /** Orders the new owner to open it: the assignment was written by this leader just now, so nobody has opened this epoch. */
  begin(volume: Volume, fence: readonly string[] | null): void {
    this.ordered.delete(volume.id);
    this.order(volume, fence);
  }

  /**
   * Orders the same again, unless that is still under way: the order or its answer was lost. False when it takes a new
   * epoch, because a process that is not there any more may have opened this one, or the owner refused it.
   */
  again(volume: Volume, fence: readonly string[] | null): boolean {
    const former = this.ordered.get(volume.id);
    const report = volume.ownerNodeId === null ? undefined : this.parts.watch.get(volume.ownerNodeId).report;
    if (former?.epoch !== volume.epoch || former.instance !== report?.instance || former.refused) return false;
    if (!former.waiting) this.order(volume, fence);
    return true;
  }

  private order(volume: Volume, fence: readonly string[] | null): void {
    const nodeId = volume.ownerNodeId;
    const member = nodeId === null ? undefined : this.parts.view.node(nodeId);
    const report = nodeId === null ? undefined : this.parts.watch.get(nodeId).report;
    if (!member || !report) return;
    const ordered: Ordered = { epoch: volume.epoch, instance: report.instance, waiting: true, refused: false };
    this.ordered.set(volume.id, ordered);
    const { instance, stamp } = report;
    const { id: volumeId, epoch, mount, served, cold } = volume;
    const { lockWaitMs } = this.timing;
    // Without a snapshot nothing is ordered; the first level is what every release can read.
    const featureLevel = this.parts.view.snapshot?.featureLevel ?? 1;
    const order: OpenOrder = {
      volumeId,
      epoch,
      mount,
      create: !served,
      ...{ featureLevel, fence, cold, lockWaitMs, instance, stamp },
    };
    this.parts.control
      .open(member, order)
      .then((answer) => {
        ordered.refused = !answer.ok;
        this.answered(volume, answer);
        // What counts as open is what the node reports, not that it answered.
        return this.parts.watch.probe(member.id).then(() => {
          ordered.waiting = false;
          this.changed();
        });
      })
      .catch((error: unknown) => {
        // Its own silence will be judged in its own time, and the next pass orders anew.
        ordered.waiting = false;
        if (!(error instanceof NodeUnreachableError)) this.logger.error({ error: String(error) }, 'an order failed');
      });
  }

  /** Where not to try next, and from when on. */
  trouble(volumeId: string): Trouble {
    return this.troubles.get(volumeId) ?? NO_TROUBLE;
  }

  mayTry(volumeId: string): boolean {
    return this.clock.monotonic() >= this.trouble(volumeId).notBefore;
  }

  failed(volumeId: string, nodeId: string): void {
    const { failures, avoid } = this.trouble(volumeId);
    const { openRetryMsMin, openRetryMsMax } = this.timing;
    // The first failure is tried elsewhere at once.
    const wait = failures === 0 ? 0 : Math.min(openRetryMsMax, openRetryMsMin * 2 ** (failures - 1));
    this.troubles.set(volumeId, {
      failures: failures + 1,
      notBefore: this.clock.monotonic() + wait,
      avoid: new Set([...avoid, nodeId]),
    });
  }

  /** A refusal is no reason to ask again at once. */
  private pause(volumeId: string): void {
    const trouble = this.trouble(volumeId);
    const notBefore = Math.max(trouble.notBefore, this.clock.monotonic() + this.timing.openRetryMsMin);
    this.troubles.set(volumeId, { ...trouble, notBefore });
  }

  succeeded(volumeId: string): void {
    this.troubles.delete(volumeId);
  }

  /** A new term begins with nothing assumed. */
  clear(): void {
    this.ordered.clear();
    this.troubles.clear();
  }

  private answered(volume: Volume, report: OpenReport): void {
    const { events } = this.parts;
    const about = { epoch: volume.epoch, node: volume.ownerNodeId };
    const took = (step: OpenStep['step']): number =>
      report.steps.filter((each) => each.step === step).reduce((sum, { durationMs }) => sum + durationMs, 0);
    if (report.ok) {
      const fenced = report.steps.some(({ step }) => step === 'fence');
      events.record('volumeMounted', volume.id, about, took('mount') + took('identify'));
      events.record('volumeLocked', volume.id, { ...about, fenced }, took('lock') + took('fence'));
      events.record('volumeOpened', volume.id, about, took('open'));
    } else {
      this.pause(volume.id);
      if (report.refusal === 'superseded') return;
      events.record('volumeFailed', volume.id, { ...about, refusal: report.refusal, reason: report.reason });
    }
  }
}
