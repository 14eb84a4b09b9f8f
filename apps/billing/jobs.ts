import type { BooksAudit, InvoiceFinalization, LateUsageScan, MonthClosing, SpendWatch } from '#billing/postgres';
import type { UsageQuarantine, UsageReconciliation, UsageRollup, UsageWatch } from '#metering';
import type { BillingJob } from './job.ts';
import { drained, each, LIMIT } from './job.ts';

/** Metering and invoices of docs/BILLING.md's schedule. */
export function billingJobs(work: {
  readonly rollup: UsageRollup;
  readonly silence: UsageWatch;
  readonly reconciliation: UsageReconciliation;
  readonly audit: BooksAudit;
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
        drained(
          (limit) => work.rollup.due(limit),
          (partner) => partner,
          (partner) => work.rollup.roll(partner),
          onFailure,
        ),
    },
    {
      name: 'meter.watch',
      pattern: '*/15 * * * *',
      run: async (onFailure) =>
        each(
          await work.silence.due(),
          (partner) => partner,
          (partner) => work.silence.watch(partner),
          onFailure,
        ),
    },
    {
      name: 'meter.reconcile',
      pattern: '30 1 * * *',
      run: async (onFailure) => {
        await work.reconciliation.forgetRefusals();
        return drained(
          (limit) => work.reconciliation.due(limit),
          ({ partnerId, day }) => `${partnerId}~${day}`,
          (day) => work.reconciliation.reconcile(day),
          onFailure,
        );
      },
    },
    { name: 'audit', pattern: '0 3 * * *', run: () => work.audit.run() },
    {
      name: 'meter.release',
      pattern: '* * * * *',
      run: async () => (await work.quarantine.releaseDue(LIMIT)).accepted,
    },
    {
      name: 'billing.tick',
      pattern: '*/10 * * * *',
      run: async (onFailure) =>
        drained(
          (limit) => work.closing.due(limit),
          ({ partnerId, month }) => `${partnerId}~${month}`,
          (due) => work.closing.close(due),
          onFailure,
        ),
    },
    {
      name: 'late.scan',
      pattern: '0 2 * * *',
      run: async (onFailure) =>
        drained(
          (limit) => work.late.due(limit),
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
        drained(
          (limit) => work.finalization.due(limit),
          (id) => id,
          (id) => work.finalization.finalize(id),
          onFailure,
        ),
    },
  ];
}
