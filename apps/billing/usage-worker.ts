import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { type Job, UnrecoverableError, Worker } from 'bullmq';
import { PostgresMetering, USAGE_BATCH_MAX, USAGE_QUEUE } from '#metering';
import type { Logger } from '#stdx';
import { BillingMetrics } from './metrics.ts';
import { redisConnection } from './redis.ts';
import type { BillingSettings } from './settings.ts';
import { LOGGER, SETTINGS } from './tokens.ts';

/** Counts the batches that hubs and nodes send. A batch is done when it is committed, and not before. */
@Injectable()
export class UsageWorker implements OnApplicationBootstrap, OnApplicationShutdown {
  private worker: Worker | undefined;

  constructor(
    private readonly metering: PostgresMetering,
    private readonly metrics: BillingMetrics,
    @Inject(SETTINGS) private readonly settings: BillingSettings,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.worker = new Worker(USAGE_QUEUE, (job) => this.count(job), {
      connection: redisConnection(this.settings.redisUrl),
      concurrency: this.settings.usageConcurrency,
      // A batch interrupted by our own death is taken up again however often that happens: counting it twice is harmless.
      maxStalledCount: 1_000,
    });
    this.worker.on('failed', (job, error) => {
      this.metrics.countJobFailure('usage');
      this.logger.warn({ job: job?.id, attempt: job?.attemptsMade, error: error.message }, 'usage batch failed');
    });
    this.worker.on('error', (error) => this.logger.warn({ error: error.message }, 'usage queue'));
  }

  async onApplicationShutdown(): Promise<void> {
    await this.worker?.close();
  }

  private async count(job: Job): Promise<{ accepted: number; duplicates: number; rejected: number }> {
    const events: unknown = job.data?.events;
    if (!Array.isArray(events) || events.length > USAGE_BATCH_MAX)
      throw new UnrecoverableError(`a batch is a list of at most ${USAGE_BATCH_MAX} events`);
    const summary = await this.metering.ingest(events, 'internal');
    this.metrics.countIngested('queue', summary);
    const { accepted, duplicates, rejected } = summary;
    return { accepted, duplicates, rejected };
  }
}
