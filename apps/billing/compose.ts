import { AlertBook, AlertChannels, AlertRound } from '#alerting';
import { type Mailer, noPaymentProvider } from '#billing/api';
import { SubmissionMailer, WebhookClient } from '#billing/delivery';
import { MonthRating } from '#billing/invoice';
import {
  BooksAudit,
  Dunning,
  InvoiceCollection,
  InvoiceFanOut,
  InvoiceFiles,
  InvoiceFinalization,
  InvoiceLetters,
  InvoiceTasks,
  LateUsageScan,
  MonthClosing,
  PaymentMethods,
  PostgresBillingAccounts,
  ProviderEvents,
  ProviderFollower,
  Refunds,
  SpendWatch,
  TaskRunner,
} from '#billing/postgres';
import { StripePayments } from '#billing/stripe';
import { certificateEnds } from '#cluster/postgres';
import type { Database } from '#database';
import {
  type PostgresMetering,
  PostgresUsageReader,
  UsageFindings,
  UsageQuarantine,
  UsageReconciliation,
  UsageRollup,
  UsageWatch,
} from '#metering';
import { type Logger, systemClock, systemRandom } from '#stdx';
import type { BillingJob } from './job.ts';
import { billingJobs } from './jobs.ts';
import { outcomeJobs } from './outcome-jobs.ts';
import { paymentJobs } from './payment-jobs.ts';
import type { BillingSettings } from './settings.ts';

/** The whole schedule over PostgreSQL, the payment provider, the submission port and partners' endpoints. */
export function allJobs(database: Database, metering: PostgresMetering, settings: BillingSettings): BillingJob[] {
  const accounts = new PostgresBillingAccounts(database);
  const rating = new MonthRating(accounts, new PostgresUsageReader(database), systemClock);
  const rollup = new UsageRollup(database, systemClock);
  const findings = new UsageFindings(database, systemClock);
  return [
    ...billingJobs({
      rollup,
      silence: new UsageWatch(database, findings, systemClock),
      reconciliation: new UsageReconciliation(database, rollup, findings, systemClock),
      audit: new BooksAudit(database, findings),
      quarantine: new UsageQuarantine(database, metering, systemClock),
      closing: new MonthClosing(database, accounts, rating, systemClock),
      finalization: new InvoiceFinalization(database, accounts, rating, systemClock),
      late: new LateUsageScan(database, accounts, rating, systemClock),
      watch: new SpendWatch(database, accounts, rating, systemClock),
    }),
    ...outcomes(database, settings),
  ];
}

function outcomes(database: Database, { stripe, mail, allowsPrivateWebhooks }: BillingSettings): BillingJob[] {
  const provider = stripe ? new StripePayments(stripe) : noPaymentProvider;
  const collection = new InvoiceCollection(database, provider, systemClock);
  const methods = new PaymentMethods(database, provider, systemClock);
  const refunds = new Refunds(database, provider, systemClock);
  const events = new ProviderEvents(database, systemClock);
  const files = new InvoiceFiles(database, systemClock);
  const runner = new TaskRunner(
    database,
    {
      tasks: new InvoiceTasks(database, systemClock),
      files,
      letters: new InvoiceLetters(database, files),
      collection,
      refunds,
      mailer: mail ? new SubmissionMailer(mail) : noMailer,
      webhooks: new WebhookClient(systemClock, { allowsPrivate: allowsPrivateWebhooks }),
    },
    systemClock,
  );
  return [
    ...paymentJobs({
      collection,
      methods,
      refunds,
      follower: new ProviderFollower(events, provider, collection, methods, refunds),
    }),
    ...outcomeJobs({
      fanOut: new InvoiceFanOut(database, systemClock),
      runner,
      dunning: new Dunning(database, systemClock),
    }),
  ];
}

/** Alerts leave by the same submission account and with the same signatures as letters and webhooks of invoices. */
export function alertRound(database: Database, settings: BillingSettings, logger: Logger): AlertRound {
  const mailer = mailerOf(settings);
  const webhooks = new WebhookClient(systemClock, { allowsPrivate: settings.allowsPrivateWebhooks });
  return new AlertRound(
    new AlertBook(database, systemClock),
    new AlertChannels(database, systemRandom, systemClock),
    {
      mail: (message) => mailer.send({ ...message, attachments: [] }),
      call: (message) => webhooks.call(message),
    },
    (clusterId) => certificateEnds(database, clusterId),
    logger,
  );
}

const mailerOf = ({ mail }: BillingSettings): Mailer => (mail ? new SubmissionMailer(mail) : noMailer);

/** Where no account to send with is set: letters wait, visibly, until one is. */
const noMailer: Mailer = {
  send: () => Promise.reject(new Error('ROOKERY_BILLING_MAIL_URL is not set: there is no account to send with')),
};
