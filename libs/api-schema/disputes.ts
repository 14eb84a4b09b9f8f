import { z } from 'zod';
import { Instant, PageQuery, PartnerQuery, pageOf } from './page.ts';

const Minor = z.int().describe('Minor units of the currency (cents)');
const Net = Minor.min(1).max(Number.MAX_SAFE_INTEGER);
const Text = z.string().trim().min(1).max(5_000);

export const DISPUTE_STATES = ['open', 'answered', 'credited', 'rejected', 'withdrawn'] as const;

export const NewDispute = z
  .strictObject({
    line: z.int().min(1).max(100_000).describe('Position of the line, from 1'),
    netMinor: Net.exactOptional().describe('What is disputed of it, before tax; default all of it'),
    text: Text,
  })
  .meta({ id: 'NewDispute' });

export const DisputeQuery = PageQuery.extend({
  ...PartnerQuery.shape,
  state: z.enum(DISPUTE_STATES).exactOptional(),
});

export const Dispute = z
  .object({
    id: z.uuid(),
    partner: z.string(),
    invoiceNumber: z.string(),
    line: z.int(),
    description: z.string().describe('Of the line'),
    state: z
      .enum(DISPUTE_STATES)
      .describe('open: the word is with support; answered: with the partner; the others are its ends'),
    currency: z.string(),
    netMinor: Minor,
    grossMinor: Minor.describe('With its tax: neither reminded of nor charged until it ends'),
    openedAt: Instant,
    resolvedAt: Instant.nullable(),
    creditNoteNumber: z.string().nullable(),
    comments: z.array(
      z.object({ side: z.enum(['partner', 'support']), author: z.string(), text: z.string(), at: Instant }),
    ),
  })
  .meta({ id: 'Dispute' });

export const Disputes = pageOf(Dispute);

export const NewDisputeComment = z.strictObject({ text: Text }).meta({ id: 'NewDisputeComment' });

export const DisputeResolution = z
  .strictObject({
    outcome: z.enum(['credited', 'rejected']),
    netMinor: Net.exactOptional().describe(
      'With credited: what is given back before tax; default all that is disputed',
    ),
    text: Text,
  })
  .meta({ id: 'DisputeResolution' });

export type Dispute = z.output<typeof Dispute>;
