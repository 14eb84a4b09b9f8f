import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { UsageOutboxRelay } from '#metering';
import type { Clock, Logger } from '#stdx';
import { BillingMetrics } from './metrics.ts';
import type { BillingSettings } from './settings.ts';
import { CLOCK, LOGGER, SETTINGS } from './tokens.ts';

/** After a failure it waits longer, up to this: PostgreSQL coming back is noticed within it. */
const BACKOFF_MS_MAX = 10_000;

/** Empties the usage outbox for as long as the process lives. */
@Injectable()
export class OutboxLoop implements OnApplicationBootstrap, OnApplicationShutdown {
  private stopping = false;
  private running: Promise<void> = Promise.resolve();
  /** Why the last round failed; `undefined` when it did not. */
  failure: string | undefined = 'not started';

  constructor(
    private readonly relay: UsageOutboxRelay,
    private readonly metrics: BillingMetrics,
    @Inject(SETTINGS) private readonly settings: BillingSettings,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.running = this.run();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopping = true;
    await this.running;
  }

  private async run(): Promise<void> {
    let failures = 0;
    while (!this.stopping) {
      try {
        const summary = await this.relay.relay();
        this.metrics.countIngested('outbox', summary);
        await this.watch();
        this.failure = undefined;
        failures = 0;
        if (summary.outcomes.length === 0) await this.rest(this.settings.outboxPollMs);
      } catch (error) {
        failures++;
        this.failure = (error as Error).message;
        this.logger.error({ error: this.failure, failures }, 'usage outbox: the batch will be tried again');
        await this.rest(Math.min(250 * 2 ** failures, BACKOFF_MS_MAX));
      }
    }
  }

  private async watch(): Promise<void> {
    const { events, oldestAt } = await this.relay.backlog();
    this.metrics.backlog.set(events);
    this.metrics.backlogAge.set(oldestAt === null ? 0 : (this.clock.now() - oldestAt) / 1_000);
  }

  /** Sleeps in short steps, so that a stop is not kept waiting. */
  private async rest(ms: number): Promise<void> {
    const until = this.clock.monotonic() + ms;
    while (!this.stopping && this.clock.monotonic() < until)
      await this.clock.sleep(Math.min(100, until - this.clock.monotonic()));
  }
}
