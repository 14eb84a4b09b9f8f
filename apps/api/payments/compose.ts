import { noPaymentProvider } from '#billing/api';
import {
  type InvoiceBook,
  InvoiceCollection,
  PaymentBook,
  Payments as PaymentLedger,
  PaymentMethods,
  ProviderEvents,
  RefundBook,
  Refunds as RefundLedger,
} from '#billing/postgres';
import { StripePayments, StripeWebhook } from '#billing/stripe';
import type { Database } from '#database';
import type { Clock } from '#stdx';
import type { PartnerNames } from '../partners/partner-names.ts';
import type { Settings } from '../settings.ts';
import { Payments } from './payments.ts';
import { Refunds } from './refunds.ts';
import { StripeDeliveries } from './stripe-deliveries.ts';

/** Payments over PostgreSQL and, where a key is set, Stripe. */
export function paymentUseCases(
  settings: Settings,
  names: PartnerNames,
  invoices: InvoiceBook,
  database: Database,
  clock: Clock,
): { readonly payments: Payments; readonly refunds: Refunds; readonly stripe: StripeDeliveries } {
  const { ROOKERY_STRIPE_KEY: apiKey, ROOKERY_STRIPE_URL: url } = settings;
  // Without a key the client only checks signatures.
  const stripe = { apiKey: apiKey ?? 'unset', ...(url === undefined ? {} : { url }) };
  const provider = apiKey === undefined ? noPaymentProvider : new StripePayments(stripe);
  const ground = {
    invoices,
    book: new PaymentBook(database),
    ledger: new PaymentLedger(database),
    methods: new PaymentMethods(database, provider, clock),
    collection: new InvoiceCollection(database, provider, clock),
  };
  return {
    payments: new Payments(names, ground, clock),
    refunds: new Refunds(names, invoices, new RefundLedger(database, provider, clock), new RefundBook(database)),
    stripe: new StripeDeliveries(
      new StripeWebhook(stripe, settings.ROOKERY_STRIPE_WEBHOOK_SECRETS),
      new ProviderEvents(database, clock),
    ),
  };
}
