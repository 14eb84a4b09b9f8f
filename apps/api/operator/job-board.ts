import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { ExpressAdapter } from '@bull-board/express';
import { Queue } from 'bullmq';
import { API_PREFIX } from '#api-schema';
import { BILLING_JOB_QUEUE } from '#billing/api';
import { USAGE_QUEUE } from '#metering';

export const JOB_BOARD_PATH = `${API_PREFIX}/operator/jobs`;

/** A page for operators: every background job, why one failed, and a button to try it again. */
export class JobBoard {
  private readonly queues: readonly Queue[];
  readonly router: ReturnType<ExpressAdapter['getRouter']>;

  constructor(redisUrl: string) {
    const connection = { url: redisUrl, maxRetriesPerRequest: 1, enableOfflineQueue: false };
    this.queues = [BILLING_JOB_QUEUE, USAGE_QUEUE].map((name) => new Queue(name, { connection }));
    // The page says itself that Redis is away.
    for (const queue of this.queues) queue.on('error', () => {});
    const server = new ExpressAdapter();
    server.setBasePath(JOB_BOARD_PATH);
    createBullBoard({
      queues: this.queues.map((queue) => new BullMQAdapter(queue)),
      // The adapter's package brings a copy of the same types of its own.
      serverAdapter: server as unknown as Parameters<typeof createBullBoard>[0]['serverAdapter'],
      options: { uiConfig: { boardTitle: 'Rookery jobs' } },
    });
    this.router = server.getRouter();
  }

  async close(): Promise<void> {
    await Promise.all(this.queues.map((queue) => queue.close()));
  }
}
