import { z } from 'zod';
import { Instant, Name } from './page.ts';

export const UsageQuery = z.object({
  partner: Name.exactOptional().describe('Id or slug; needed with an operator key, else one’s own'),
  month: z
    .string()
    .regex(/^\d{4}-(0[1-9]|1[0-2])$/)
    .exactOptional()
    .describe('YYYY-MM in the partner’s time zone; default the running month'),
});

/** What was counted of one meter, before any price. */
export const UsageLine = z
  .object({
    meter: z
      .string()
      .describe(
        'hub, node-active, node-standby, mailbox, messages-in, messages-out, storage-bytes, storage-cold-bytes, or the code of an add-on meter',
      ),
    unit: z.string().describe('hours, mailboxes, messages, gb-hours, or as the add-on meter has it'),
    quantity: z.string().describe('Decimal; mailboxes are the most there were at one time'),
    subjects: z.int().describe('How many different hubs, nodes, mailboxes, volumes, or subjects of an add-on meter'),
  })
  .meta({ id: 'UsageLine' });

export const UsageSummary = z
  .object({
    partner: z.string(),
    periodStart: Instant,
    periodEnd: Instant,
    asOf: Instant.describe('Running resources are counted until then'),
    lines: z.array(UsageLine),
  })
  .meta({ id: 'UsageSummary' });

export type UsageLine = z.output<typeof UsageLine>;
export type UsageSummary = z.output<typeof UsageSummary>;
