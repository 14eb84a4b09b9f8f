import type { Dunning, InvoiceFanOut, TaskRunner } from '#billing/postgres';
import { type BillingJob, each, LIMIT } from './job.ts';

/** Tasks taken up in one go: mail and webhooks wait for others, so that a small batch keeps its lease. */
const TASKS_MAX = 50;

/** What follows from an invoice: documents, mail, webhooks, collecting, and reminding of what is overdue. */
export function outcomeJobs(work: {
  readonly fanOut: InvoiceFanOut;
  readonly runner: TaskRunner;
  readonly dunning: Dunning;
}): BillingJob[] {
  return [
    {
      name: 'invoice.tasks',
      pattern: '*/5 * * * * *',
      run: async (onFailure) => {
        await work.fanOut.spread(LIMIT);
        return work.runner.run(TASKS_MAX, onFailure);
      },
    },
    {
      name: 'dunning.tick',
      pattern: '40 * * * *',
      run: async (onFailure) => {
        const overdue = await work.dunning.markOverdue();
        const reminded = await each(
          await work.dunning.due(LIMIT),
          (invoiceId) => invoiceId,
          (invoiceId) => work.dunning.remind(invoiceId),
          onFailure,
        );
        return overdue + reminded + (await work.dunning.restoreDue());
      },
    },
  ];
}
