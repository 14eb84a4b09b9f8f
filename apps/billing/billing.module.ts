import { type DynamicModule, Module } from '@nestjs/common';
import type { Registry } from 'prom-client';
import { MonthRating } from '#billing/invoice';
import {
  InvoiceFinalization,
  LateUsageScan,
  MonthClosing,
  OverdueInvoices,
  PostgresBillingAccounts,
} from '#billing/postgres';
import { Database } from '#database';
import { PostgresMetering, PostgresUsageReader, UsageOutboxRelay, UsageQuarantine, UsageRollup } from '#metering';
import { type Logger, systemClock } from '#stdx';
import { JobRunner } from './job-runner.ts';
import { type BillingJob, billingJobs } from './jobs.ts';
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
      { provide: JOBS, inject: [Database, PostgresMetering], useFactory: jobsOver },
      OutboxLoop,
      UsageWorker,
      JobRunner,
    ],
  };
}

function jobsOver(database: Database, metering: PostgresMetering): BillingJob[] {
  const accounts = new PostgresBillingAccounts(database);
  const rating = new MonthRating(accounts, new PostgresUsageReader(database), systemClock);
  return billingJobs({
    rollup: new UsageRollup(database, systemClock),
    quarantine: new UsageQuarantine(database, metering, systemClock),
    closing: new MonthClosing(database, accounts, rating, systemClock),
    finalization: new InvoiceFinalization(database, accounts, rating, systemClock),
    late: new LateUsageScan(database, accounts, rating, systemClock),
    overdue: new OverdueInvoices(database, systemClock),
  });
}
