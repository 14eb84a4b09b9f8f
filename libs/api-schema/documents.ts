import { z } from 'zod';
import { Instant, pageOf } from './page.ts';

const Minor = z.int().describe('Minor units of the currency (cents)');
const Month = z.string().regex(/^\d{4}-(0[1-9]|1[0-2])$/);

export const CreditNote = z
  .object({
    id: z.string(),
    number: z.string(),
    invoiceNumber: z.string().describe('The invoice it corrects'),
    reason: z.string(),
    currency: z.string(),
    netMinor: Minor,
    taxMinor: Minor,
    totalMinor: Minor.describe('What it gives back'),
    issuedAt: Instant,
  })
  .meta({ id: 'CreditNote' });

export const CreditNotes = pageOf(CreditNote);

export const CreditNoteWithLines = CreditNote.extend({
  lines: z.array(z.object({ serviceMonth: z.string(), description: z.string(), netMinor: Minor })),
}).meta({ id: 'CreditNoteWithLines' });

export const CreditNoteQuery = z.object({
  format: z.enum(['json', 'pdf', 'xml', 'html']).exactOptional().describe('`xml`: UBL 2.1 credit note after EN 16931'),
});

export const StatementQuery = z.object({
  from: Month.describe('First calendar month, YYYY-MM in the partner’s time zone'),
  to: Month.exactOptional().describe('Last one; default the first'),
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/)
    .exactOptional()
    .describe('default the partner’s'),
  format: z.enum(['json', 'pdf', 'html', 'csv']).exactOptional(),
});

export const Statement = z
  .object({
    partner: z.string(),
    currency: z.string(),
    from: Instant,
    to: Instant,
    openingMinor: Minor.describe('Owed before; negative when the partner had something with us'),
    closingMinor: Minor,
    entries: z.array(
      z.object({
        at: Instant,
        kind: z.enum(['invoice', 'creditNote', 'payment', 'refund']),
        reference: z.string(),
        amountMinor: Minor,
        balanceMinor: Minor.describe('Owed after this'),
      }),
    ),
  })
  .meta({ id: 'Statement' });

export type CreditNote = z.output<typeof CreditNote>;
export type CreditNoteWithLines = z.output<typeof CreditNoteWithLines>;
export type Statement = z.output<typeof Statement>;
