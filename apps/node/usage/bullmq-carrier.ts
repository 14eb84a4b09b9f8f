import { Queue, QueueEvents } from 'bullmq';
import { USAGE_QUEUE, type UsageEvent } from '#metering';
import type { Logger } from '#stdx';
import type { UsageCarrier } from './usage-dispatch.ts';

/** How long a batch may wait for billing before the caller asks again with the same id. */
const ANSWER_TIMEOUT_MS = 30_000;
const ATTEMPTS = 8;

/** Batches over BullMQ: a batch is delivered when its job has completed, which is after billing's commit. */
export class BullMqCarrier implements UsageCarrier {
  private readonly queue: Queue<{ events: readonly UsageEvent[] }>;
  private readonly events: QueueEvents;

  constructor(redisUrl: string, logger: Logger) {
    // Fails at once while Redis is away instead of piling up commands: the outbox keeps the events.
    this.queue = new Queue(USAGE_QUEUE, {
      connection: { url: redisUrl, enableOfflineQueue: false, maxRetriesPerRequest: 1 },
    });
    this.events = new QueueEvents(USAGE_QUEUE, { connection: { url: redisUrl, maxRetriesPerRequest: null } });
    const tell = (error: Error): void => logger.debug({ error: error.message }, 'redis');
    this.queue.on('error', tell);
    this.events.on('error', tell);
  }

  async deliver(batchId: string, events: readonly UsageEvent[]): Promise<void> {
    // BullMQ: an id holds no ':'.
    const jobId = batchId.replaceAll(':', '~');
    const job = await this.queue.add(
      'batch',
      { events },
      {
        jobId,
        attempts: ATTEMPTS,
        backoff: { type: 'exponential', delay: 1_000 },
        removeOnComplete: true,
        // A failed batch is offered again under the same id, which BullMQ ignores while it remembers the failure.
        removeOnFail: { age: 300 },
      },
    );
    await job.waitUntilFinished(this.events, ANSWER_TIMEOUT_MS);
  }

  async close(): Promise<void> {
    await Promise.allSettled([this.queue.close(), this.events.close()]);
  }
}
