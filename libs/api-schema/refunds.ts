import { z } from 'zod';
import { Instant, pageOf } from './page.ts';

const Minor = z.int().describe('Minor units of the currency (cents)');

export const NewRefund = z
  .strictObject({
    reason: z.string().trim().min(1).max(500).describe('On the credit note'),
    method: z
      .enum(['stripe', 'wallet', 'manual'])
      .describe('stripe: to where it was paid from; wallet: for the next invoice; manual: sent by hand already'),
    reference: z.string().min(1).max(200).exactOptional().describe('With manual: the bank’s; booked once'),
    lines: z
      .array(
        z.strictObject({
          line: z.int().min(1).max(100_000).describe('Position, from 1'),
          netMinor: Minor.min(1).max(Number.MAX_SAFE_INTEGER),
        }),
      )
      .min(1)
      .max(1_000)
      .exactOptional()
      .describe('What is given back of each line, before tax; default all that is left of the invoice'),
  })
  .meta({ id: 'NewRefund' });

export const Refund = z
  .object({
    id: z.uuid(),
    invoiceNumber: z.string(),
    creditNoteNumber: z.string(),
    method: z.enum(['stripe', 'wallet', 'manual']),
    state: z
      .enum(['pending', 'processing', 'succeeded', 'failed'])
      .describe('processing: on its way; failed: the money is in the wallet'),
    amountMinor: Minor,
    currency: z.string(),
    reference: z.string().nullable(),
    failure: z.string().nullable(),
    requestedAt: Instant,
    updatedAt: Instant,
  })
  .meta({ id: 'Refund' });

export const MadeRefunds = z.object({ items: z.array(Refund) }).meta({ id: 'MadeRefunds' });
export const Refunds = pageOf(Refund);

export type Refund = z.output<typeof Refund>;
