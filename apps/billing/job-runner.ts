import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Queue, Worker } from 'bullmq';
import { BILLING_JOB_QUEUE } from '#billing/api';
import type { Clock, Logger, Timer } from '#stdx';
import type { BillingJob } from './job.ts';
import { BillingMetrics } from './metrics.ts';
import { redisConnection } from './redis.ts';
import type { BillingSettings } from './settings.ts';
import { CLOCK, JOBS, LOGGER, SETTINGS } from './tokens.ts';

/** A slow webhook or mail server keeps no other job waiting. */
const JOBS_AT_ONCE = 4;
/** How often the schedule is said again: an emptied Redis is itself again within it. */
const RESCHEDULE_MS = 60_000;

/** Runs the schedule. Any number of processes may: BullMQ gives each tick to one, and PostgreSQL keeps two from doing one thing twice. */
@Injectable()
export class JobRunner implements OnApplicationBootstrap, OnApplicationShutdown {
  private queue: Queue | undefined;
  private worker: Worker | undefined;
  private timer: Timer | undefined;

  constructor(
    @Inject(JOBS) private readonly jobs: readonly BillingJob[],
    private readonly metrics: BillingMetrics,
    @Inject(SETTINGS) private readonly settings: BillingSettings,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    const connection = redisConnection(this.settings.redisUrl);
    this.queue = new Queue(BILLING_JOB_QUEUE, { connection });
    this.queue.on('error', (error) => this.logger.warn({ error: error.message }, 'billing schedule'));
    this.worker = new Worker(BILLING_JOB_QUEUE, (job) => this.run(job.name), {
      connection,
      maxStalledCount: 1_000,
      concurrency: JOBS_AT_ONCE,
    });
    this.worker.on('error', (error) => this.logger.warn({ error: error.message }, 'billing jobs'));
    this.worker.on('failed', (job, error) => {
      this.metrics.countJobFailure(job?.name ?? 'unknown');
      this.logger.error({ job: job?.name, attempt: job?.attemptsMade, error: error.message }, 'billing job failed');
    });
    void this.schedule();
    this.timer = this.clock.every(RESCHEDULE_MS, () => void this.schedule());
  }

  async onApplicationShutdown(): Promise<void> {
    this.timer?.cancel();
    await this.worker?.close();
    await this.queue?.close();
  }

  private async schedule(): Promise<void> {
    try {
      for (const { name, pattern } of this.jobs)
        await this.queue?.upsertJobScheduler(
          name,
          { pattern, tz: 'UTC' },
          {
            name,
            opts: {
              attempts: 8,
              backoff: { type: 'exponential', delay: 1_000, jitter: 0.5 },
              removeOnComplete: { count: 100 },
              removeOnFail: { age: 30 * 86_400 },
            },
          },
        );
    } catch (error) {
      this.logger.warn({ error: (error as Error).message }, 'billing schedule could not be written; tried again soon');
    }
  }

  private async run(name: string): Promise<{ done: number }> {
    const job = this.jobs.find((candidate) => candidate.name === name);
    // A tick of an older version's schedule: nothing to do, and not worth an alarm.
    if (!job) return { done: 0 };
    const done = await job.run((subject, error) =>
      this.logger.error({ job: name, subject, error: error.message }, 'billing: one of many failed'),
    );
    if (done > 0) this.logger.info({ job: name, done }, 'billing job done');
    return { done };
  }
}
