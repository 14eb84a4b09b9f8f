import type { InvoiceFinalization, LateUsageScan, MonthClosing, SpendWatch } from '#billing/postgres';
import type { UsageQuarantine, UsageRollup } from '#metering';
import type { BillingJob } from './job.ts';
import { each, LIMIT } from './job.ts';

/** Metering and invoices of docs/BILLING.md's schedule. */
export function billingJobs(work: {
  readonly rollup: UsageRollup;
  readonly quarantine: UsageQuarantine;
  readonly closing: MonthClosing;
  readonly finalization: InvoiceFinalization;
  readonly late: LateUsageScan;
  readonly watch: SpendWatch;
}): BillingJob[] {
  return [
    {
      name: 'meter.rollup',
      pattern: '5 * * * *',
      run: async (onFailure) =>
        each(
          await work.rollup.due(LIMIT),
          (partner) => partner,
          (partner) => work.rollup.roll(partner),
          onFailure,
        ),
    },
    {
      name: 'meter.release',
      pattern: '* * * * *',
      run: async () => (await work.quarantine.releaseDue(LIMIT)).accepted,
    },
    {
      name: 'billing.tick',
      pattern: '*/10 * * * *',
      run: async (onFailure) =>
        each(
          await work.closing.due(LIMIT),
          ({ partnerId, month }) => `${partnerId}~${month}`,
          (due) => work.closing.close(due),
          onFailure,
        ),
    },
    {
      name: 'late.scan',
      pattern: '0 2 * * *',
      run: async (onFailure) =>
        each(
          await work.late.due(LIMIT),
          ({ partner_id, month }) => `${partner_id}~${month}`,
          (closed) => work.late.settle(closed),
          onFailure,
        ),
    },
    {
      name: 'alerts',
      pattern: '*/5 * * * *',
      run: async (onFailure) =>
        each(
          await work.watch.due(LIMIT),
          (partner) => partner,
          (partner) => work.watch.look(partner),
          onFailure,
        ),
    },
    {
      name: 'billing.finalize-tick',
      pattern: '20 * * * *',
      run: async (onFailure) =>
        each(
          await work.finalization.due(LIMIT),
          (id) => id,
          (id) => work.finalization.finalize(id),
          onFailure,
        ),
    },
  ];
}
