import type { JobsOptions, Queue, QueueEvents } from 'bullmq';
import { assert } from '#stdx';
import { USAGE_BATCH_MAX, type UsageEvent } from './usage-event.ts';

/** What a job of `USAGE_QUEUE` carries. */
export interface UsageBatch {
  readonly events: readonly UsageEvent[];
}

/** Eight attempts over about two minutes: a restart of PostgreSQL or billing passes meanwhile. */
const JOB_OPTIONS: JobsOptions = {
  attempts: 8,
  backoff: { type: 'exponential', delay: 1_000, jitter: 0.5 },
  // Kept a while so that a batch sent again is answered from the finished job.
  removeOnComplete: { age: 3_600, count: 5_000 },
  // A failed batch stays in sight for an operator; its sender still has the events.
  removeOnFail: { age: 30 * 86_400 },
};

/**
 * The way from a volume's or hub's own outbox to billing. A batch may be forgotten when `send` resolves: billing has
 * committed it. It rejects when no answer came in time or Redis is away; send the same batch again then, as often as it
 * takes.
 */
export class UsageSender {
  constructor(
    private readonly queue: Queue<UsageBatch>,
    private readonly finished: QueueEvents,
    private readonly timeoutMs = 30_000,
  ) {}

  /** `key` names the batch for ever: `<volume>~<first id>~<last id>`. Without a colon, not a number (BullMQ's rules). At most `USAGE_BATCH_MAX` events. */
  async send(key: string, events: readonly UsageEvent[]): Promise<void> {
    assert(events.length <= USAGE_BATCH_MAX, `a batch holds at most ${USAGE_BATCH_MAX} events`);
    if (events.length === 0) return;
    const job = await this.queue.add('batch', { events }, { ...JOB_OPTIONS, jobId: key.replaceAll(':', '~') });
    if (await job.isFailed()) await job.retry('failed');
    await job.waitUntilFinished(this.finished, this.timeoutMs);
  }
}
