import { type DynamicModule, Module } from '@nestjs/common';
import type { Registry } from 'prom-client';
import { noPaymentProvider } from '#billing/api';
import { MonthRating } from '#billing/invoice';
import {
  InvoiceCollection,
  InvoiceFinalization,
  LateUsageScan,
  MonthClosing,
  OverdueInvoices,
  PaymentMethods,
  PostgresBillingAccounts,
  ProviderEvents,
  ProviderFollower,
} from '#billing/postgres';
import { StripePayments } from '#billing/stripe';
import { Database } from '#database';
import { PostgresMetering, PostgresUsageReader, UsageOutboxRelay, UsageQuarantine, UsageRollup } from '#metering';
import { type Logger, systemClock } from '#stdx';
import type { BillingJob } from './job.ts';
import { JobRunner } from './job-runner.ts';
import { billingJobs } from './jobs.ts';
import { BillingMetrics } from './metrics.ts';
import { OutboxLoop } from './outbox-loop.ts';
import { paymentJobs } from './payment-jobs.ts';
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
      { provide: JOBS, inject: [Database, PostgresMetering, SETTINGS], useFactory: jobsOver },
      OutboxLoop,
      UsageWorker,
      JobRunner,
    ],
  };
}

function jobsOver(database: Database, metering: PostgresMetering, settings: BillingSettings): BillingJob[] {
  const accounts = new PostgresBillingAccounts(database);
  const rating = new MonthRating(accounts, new PostgresUsageReader(database), systemClock);
  return [
    ...billingJobs({
      rollup: new UsageRollup(database, systemClock),
      quarantine: new UsageQuarantine(database, metering, systemClock),
      closing: new MonthClosing(database, accounts, rating, systemClock),
      finalization: new InvoiceFinalization(database, accounts, rating, systemClock),
      late: new LateUsageScan(database, accounts, rating, systemClock),
      overdue: new OverdueInvoices(database, systemClock),
    }),
    ...collecting(database, settings),
  ];
}

function collecting(database: Database, { stripe }: BillingSettings): BillingJob[] {
  const provider = stripe ? new StripePayments(stripe) : noPaymentProvider;
  const collection = new InvoiceCollection(database, provider, systemClock);
  const methods = new PaymentMethods(database, provider, systemClock);
  const events = new ProviderEvents(database, systemClock);
  return paymentJobs({ collection, methods, follower: new ProviderFollower(events, provider, collection, methods) });
}
