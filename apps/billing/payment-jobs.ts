import type { InvoiceCollection, PaymentMethods, ProviderFollower, Refunds } from '#billing/postgres';
import { type BillingJob, each, LIMIT } from './job.ts';

/** Collecting: what the provider announced, and every hour a look for what it did not. */
export function paymentJobs(work: {
  readonly collection: InvoiceCollection;
  readonly methods: PaymentMethods;
  readonly refunds: Refunds;
  readonly follower: ProviderFollower;
}): BillingJob[] {
  return [
    { name: 'pay.events', pattern: '*/5 * * * * *', run: () => work.follower.run(LIMIT) },
    {
      name: 'pay.reconcile',
      pattern: '10 * * * *',
      run: async (onFailure) => {
        const attempts = await each(
          await work.collection.underWay(LIMIT),
          ({ invoiceId, attempt }) => `${invoiceId}~${attempt}`,
          (attempt) => work.collection.follow(attempt),
          onFailure,
        );
        const customers = await each(
          await work.methods.withoutMethod(LIMIT),
          ({ partnerId }) => partnerId,
          async ({ partnerId, customerId }) => {
            if (await work.methods.sync(partnerId, customerId))
              await work.collection.collectOpen(partnerId, `method~${customerId}`);
          },
          onFailure,
        );
        const refunds = await each(
          await work.refunds.underWay(LIMIT),
          (id) => id,
          (id) => work.refunds.advance(id),
          onFailure,
        );
        return attempts + customers + refunds;
      },
    },
  ];
}
