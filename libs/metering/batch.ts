import { payloadHash, readUsageEvent, unreadableHash } from './event-body.ts';
import type { EventOutcome, IngestLimits, RejectionReason } from './ingest.ts';
import type { AddOnEvent } from './meter.ts';
import type { UsageEvent } from './usage-event.ts';

export interface Candidate {
  readonly index: number;
  readonly event: UsageEvent | AddOnEvent;
  readonly hash: Buffer;
}

export interface Rejection {
  readonly index: number;
  readonly partnerId: string | null;
  readonly reason: RejectionReason;
  readonly detail: string;
  readonly payload: unknown;
  readonly hash: Buffer;
}

/** Events on their way in: those still to be counted, those refused, and what became of each so far. */
export class UsageEventBatch {
  candidates: readonly Candidate[] = [];
  readonly rejections: Rejection[] = [];
  readonly outcomes: EventOutcome[];

  /** For `size` events, told by `add`, `reject` and `known`. */
  constructor(size: number) {
    this.outcomes = new Array<EventOutcome>(size);
  }

  /** Reads events of our own as they came; `now` in milliseconds decides which are too early or too late. */
  static read(events: readonly unknown[], now: number, limits: IngestLimits): UsageEventBatch {
    const batch = new UsageEventBatch(events.length);
    batch.candidates = events.flatMap((payload, index) => {
      const read = readUsageEvent(payload);
      if (!read.ok) {
        const hash = unreadableHash(payload);
        batch.reject({ index, partnerId: null, reason: 'invalid', detail: read.error, payload, hash });
        return [];
      }
      const event = read.value;
      const candidate = { index, event, hash: payloadHash(event) };
      const untimely = judgeTime(event.at, now, limits);
      if (!untimely) return [candidate];
      batch.reject({ ...candidate, partnerId: event.partnerId, ...untimely, payload: event });
      return [];
    });
    return batch;
  }

  /** The same event was counted before. */
  known(index: number): void {
    this.outcomes[index] = { outcome: 'duplicate' };
  }

  reject(rejection: Rejection): void {
    this.rejections.push(rejection);
    this.outcomes[rejection.index] = {
      outcome: 'rejected',
      reason: rejection.reason,
      detail: rejection.detail,
    };
  }

  /** Keeps the candidates that `judge` has nothing against; it says why of the others, or `'duplicate'`. */
  sift(
    judge: (candidate: Candidate) => 'keep' | 'duplicate' | Pick<Rejection, 'partnerId' | 'reason' | 'detail'>,
  ): void {
    this.candidates = this.candidates.filter((candidate) => {
      const verdict = judge(candidate);
      if (verdict === 'keep') return true;
      const { index, event, hash } = candidate;
      if (verdict === 'duplicate') this.known(index);
      else this.reject({ index, ...verdict, payload: event, hash });
      return false;
    });
  }
}

/** What is wrong with when an event says it happened, if anything is. */
export function judgeTime(
  at: string,
  now: number,
  { futureMsMax, ageMsMax }: IngestLimits,
): { reason: 'future' | 'tooOld'; detail: string } | undefined {
  const ahead = Date.parse(at) - now;
  if (ahead > futureMsMax)
    return { reason: 'future', detail: `more than ${futureMsMax / 1_000} seconds ahead of our clock` };
  if (-ahead > ageMsMax) return { reason: 'tooOld', detail: `older than ${Math.floor(ageMsMax / 86_400_000)} days` };
  return undefined;
}
