import { payloadHash, readUsageEvent, unreadableHash } from './event-body.ts';
import type { EventOutcome, IngestLimits, RejectionReason } from './ingest.ts';
import type { UsageEvent } from './usage-event.ts';

export interface Candidate {
  readonly index: number;
  readonly event: UsageEvent;
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
  candidates: readonly Candidate[];
  readonly rejections: Rejection[] = [];
  readonly outcomes: EventOutcome[];

  /** Reads events as they came; `now` in milliseconds decides which are too early or too late. */
  constructor(events: readonly unknown[], now: number, limits: IngestLimits) {
    this.outcomes = new Array<EventOutcome>(events.length);
    this.candidates = events.flatMap((payload, index) => {
      const read = readUsageEvent(payload);
      if (!read.ok) {
        const hash = unreadableHash(payload);
        this.reject({ index, partnerId: null, reason: 'invalid', detail: read.error, payload, hash });
        return [];
      }
      const event = read.value;
      const candidate = { index, event, hash: payloadHash(event) };
      const untimely = judgeTime(Date.parse(event.at) - now, limits);
      if (!untimely) return [candidate];
      this.reject({ ...candidate, partnerId: event.partnerId, ...untimely, payload: event });
      return [];
    });
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
      if (verdict === 'duplicate') this.outcomes[index] = { outcome: 'duplicate' };
      else this.reject({ index, ...verdict, payload: event, hash });
      return false;
    });
  }
}

/** `ahead`: how many milliseconds the event lies ahead of our clock. */
function judgeTime(
  ahead: number,
  { futureMsMax, ageMsMax }: IngestLimits,
): { reason: 'future' | 'tooOld'; detail: string } | undefined {
  if (ahead > futureMsMax)
    return { reason: 'future', detail: `more than ${futureMsMax / 1_000} seconds ahead of our clock` };
  if (-ahead > ageMsMax) return { reason: 'tooOld', detail: `older than ${Math.floor(ageMsMax / 86_400_000)} days` };
  return undefined;
}
