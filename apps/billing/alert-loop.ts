import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { AlertRound } from '#alerting';
import { listClusters, PostgresClusterState } from '#cluster/postgres';
import { Database } from '#database';
import { UsageFindings } from '#metering';
import type { Clock, Logger, Timer } from '#stdx';
import type { BillingSettings } from './settings.ts';
import { CLOCK, LOGGER, SETTINGS } from './tokens.ts';
import { usageCondition } from './usage-condition.ts';

/** Looks at every cluster now and then. No job of Redis': who is alerted must not depend on what may be what is lost. */
@Injectable()
export class AlertLoop implements OnApplicationBootstrap, OnApplicationShutdown {
  private timer: Timer | undefined;
  private running: Promise<void> | undefined;
  private failing = false;

  constructor(
    private readonly round: AlertRound,
    private readonly database: Database,
    private readonly findings: UsageFindings,
    @Inject(SETTINGS) private readonly settings: BillingSettings,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = this.clock.every(this.settings.alertIntervalMs, () => {
      this.running ??= this.lookAtAll().finally(() => {
        this.running = undefined;
      });
    });
  }

  async onApplicationShutdown(): Promise<void> {
    this.timer?.cancel();
    await this.running;
  }

  private async lookAtAll(): Promise<void> {
    try {
      for (const { id, name, partnerId } of await listClusters(this.database)) {
        const state = new PostgresClusterState(id, this.database, this.settings.databaseUrl, this.clock, this.logger);
        await this.round.run({ id, name, partnerId }, state, (await this.findings.standing(id)).map(usageCondition));
      }
      this.failing = false;
    } catch (error) {
      // Said once: with PostgreSQL away nothing is known of any cluster, and this says so every few seconds.
      if (!this.failing) this.logger.error({ error: (error as Error).message }, 'clusters could not be looked at');
      this.failing = true;
    }
  }
}
