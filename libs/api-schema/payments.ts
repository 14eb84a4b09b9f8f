import { z } from 'zod';
import { Instant, pageOf } from './page.ts';

const Minor = z.int().describe('Minor units of the currency (cents)');

export const PaymentSetup = z
  .object({
    id: z.string(),
    clientSecret: z.string().describe('For the payment provider’s own form in the browser, which saves the method'),
  })
  .meta({ id: 'PaymentSetup' });

export const PaymentMethod = z
  .object({
    id: z.string(),
    kind: z.string().describe('card, sepa_debit, …'),
    label: z.string().describe('As shown to people'),
    isDefault: z.boolean().describe('Invoices are charged to this one'),
    addedAt: Instant,
  })
  .meta({ id: 'PaymentMethod' });

export const PaymentMethods = z.object({ items: z.array(PaymentMethod) }).meta({ id: 'PaymentMethods' });

export const PaymentAttempt = z
  .object({
    attempt: z.int(),
    occasion: z.string().describe('What it was begun for: finalized, dunning~3, asked~…'),
    state: z
      .enum(['pending', 'processing', 'actionNeeded', 'succeeded', 'failed', 'canceled'])
      .describe('processing: a debit on its way; actionNeeded: the bank wants to see the payer'),
    amountMinor: Minor,
    currency: z.string(),
    failureCode: z.string().nullable(),
    failure: z.string().nullable().describe('Why it failed, for people'),
    startedAt: Instant,
    updatedAt: Instant,
  })
  .meta({ id: 'PaymentAttempt' });

export const PaymentAttempts = z.object({ items: z.array(PaymentAttempt) }).meta({ id: 'PaymentAttempts' });

export const Collection = z
  .object({
    outcome: z.enum([
      'nothingDue',
      'noMethod',
      'pending',
      'processing',
      'actionNeeded',
      'succeeded',
      'failed',
      'canceled',
    ]),
    clientSecret: z
      .string()
      .nullable()
      .describe(
        'With actionNeeded: for the payment provider’s own form in the browser, where the payer answers its bank',
      ),
  })
  .meta({ id: 'Collection' });

/** Money that came by another road, a bank transfer for one. */
export const NewPayment = z.object({
  invoice: z.string().min(1).max(64).exactOptional().describe('Id or number; without one it tops up the wallet'),
  reference: z
    .string()
    .min(1)
    .max(200)
    .describe('The bank’s reference: the same payment is booked once, however often it is entered'),
  amountMinor: Minor.min(1).max(Number.MAX_SAFE_INTEGER),
  currency: z.string().regex(/^[A-Z]{3}$/),
  receivedAt: Instant.exactOptional().describe('default now'),
});

export const Payment = z
  .object({
    id: z.string(),
    invoiceNumber: z.string().nullable(),
    method: z.enum(['manual', 'stripe']),
    reference: z.string(),
    amountMinor: Minor,
    currency: z.string(),
    receivedAt: Instant,
  })
  .meta({ id: 'Payment' });

export const Payments = pageOf(Payment);

export type Payment = z.output<typeof Payment>;
export type PaymentMethod = z.output<typeof PaymentMethod>;
export type PaymentAttempt = z.output<typeof PaymentAttempt>;
