import { InvoiceFinalization, LateUsageScan, MonthClosing, OverdueInvoices } from '#billing/postgres';
import { UsageQuarantine, UsageRollup } from '#metering';

/** Work found in PostgreSQL at each run: a tick asks for everything due, never for one period, so that a missed tick costs nothing. */
export interface BillingJob {
  readonly name: string;
  /** Cron in UTC. */
  readonly pattern: string;
  /** Does all that is due; what fails alone is reported through `onFailure` and does not stop the rest. */
  run(onFailure: (subject: string, error: Error) => void): Promise<number>;
}

/** Items taken in one go; the next tick takes the rest. */
const LIMIT = 500;

/** The schedule of docs/BILLING.md, as far as it is built. */
export function billingJobs(work: {
  readonly rollup: UsageRollup;
  readonly quarantine: UsageQuarantine;
  readonly closing: MonthClosing;
  readonly finalization: InvoiceFinalization;
  readonly late: LateUsageScan;
  readonly overdue: OverdueInvoices;
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
    { name: 'dunning.tick', pattern: '40 * * * *', run: () => work.overdue.mark() },
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

async function each<T>(
  items: readonly T[],
  nameOf: (item: T) => string,
  work: (item: T) => Promise<unknown>,
  onFailure: (subject: string, error: Error) => void,
): Promise<number> {
  let failures = 0;
  for (const item of items) {
    try {
      await work(item);
    } catch (error) {
      failures++;
      onFailure(nameOf(item), error as Error);
    }
  }
  // Failed outright, the job is tried again with backoff; what went well is not done again, because nothing of it is due.
  if (failures > 0) throw new Error(`${failures} of ${items.length} failed; see the log for each reason`);
  return items.length;
}
