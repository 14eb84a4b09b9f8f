import { type DynamicModule, Module } from '@nestjs/common';
import type { Registry } from 'prom-client';
import { AlertRound } from '#alerting';
import { Database } from '#database';
import { PostgresMetering, UsageFindings, UsageOutboxRelay } from '#metering';
import { type Logger, systemClock } from '#stdx';
import { AlertLoop } from './alert-loop.ts';
import { alertRound, allJobs } from './compose.ts';
import { JobRunner } from './job-runner.ts';
import { BillingMetrics } from './metrics.ts';
import { OutboxLoop } from './outbox-loop.ts';
import type { BillingSettings } from './settings.ts';
import { CLOCK, JOBS, LOGGER, SETTINGS } from './tokens.ts';
import { UsageWorker } from './usage-worker.ts';

@Module({})
class BillingModule {}

/** Binds the libs' plain classes to this process. */
export function billingModule(settings: BillingSettings, logger: Logger, registry: Registry): DynamicModule {
  return {
    module: BillingModule,
    providers: [
      { provide: SETTINGS, useValue: settings },
      { provide: CLOCK, useValue: systemClock },
      { provide: LOGGER, useValue: logger },
      {
        provide: Database,
        useFactory: () => new Database({ url: settings.databaseUrl, applicationName: 'rookery-billing' }),
      },
      { provide: BillingMetrics, useFactory: () => new BillingMetrics(registry) },
      {
        provide: PostgresMetering,
        inject: [Database],
        useFactory: (database: Database) => new PostgresMetering(database, systemClock),
      },
      {
        provide: UsageOutboxRelay,
        inject: [Database, PostgresMetering],
        useFactory: (database: Database, metering: PostgresMetering) => new UsageOutboxRelay(database, metering),
      },
      {
        provide: UsageFindings,
        inject: [Database],
        useFactory: (database: Database) => new UsageFindings(database, systemClock),
      },
      { provide: JOBS, inject: [Database, PostgresMetering, SETTINGS], useFactory: allJobs },
      {
        provide: AlertRound,
        inject: [Database],
        useFactory: (database: Database) => alertRound(database, settings, logger),
      },
      AlertLoop,
      OutboxLoop,
      UsageWorker,
      JobRunner,
    ],
  };
}
