import { z } from 'zod';
import { Instant, PageQuery, pageOf } from './page.ts';

const Minor = z.int().describe('Minor units of the currency (cents)');

export const ExploredLine = z
  .object({
    line: z.int().describe('Position, from 1'),
    component: z.string(),
    priceVersion: z.string(),
    serviceMonth: z.string(),
    description: z.string(),
    quantity: z.string().describe('Exact: `37/3` where decimals do not end. All evidence sums to it'),
    unit: z.string(),
    amountMinor: Minor,
    discountMinor: Minor,
    taxMinor: Minor,
    taxClass: z.string(),
    rating: z
      .object({
        run: z.string(),
        upTo: z.string().describe('Sequence number of the last event counted'),
        digest: z.string().describe('The month rated again comes out with it; checked for this answer'),
      })
      .describe('The rating the line is of'),
    evidence: z.int().describe('How many facts are behind it'),
  })
  .meta({ id: 'ExploredLine' });

export const EvidenceOfQuery = PageQuery.extend({
  line: z.coerce.number().int().min(1).max(100_000).exactOptional().describe('Only of the line at this position'),
  resource: z.string().min(1).max(320).exactOptional().describe('Only of this hub, node, mailbox or volume'),
  format: z.enum(['json', 'csv']).exactOptional().describe('`csv`: everything at once'),
});

export const LineEvidence = z
  .object({
    line: z.int(),
    kind: z
      .enum([
        'life',
        'level',
        'count',
        'days',
        'commitment',
        'counted',
        'lateBefore',
        'lateAfter',
        'lateEvent',
        'discount',
        'tax',
      ])
      .describe(
        'life: of a hub, node or mailbox; level: bytes held; count: an hour of a counter; days: dates a fee held; commitment and counted: what was committed less what counts towards it; late…: the month with and without what came late; discount, tax: what a coupon took and the line’s share of the tax',
      ),
    meter: z.string().nullable(),
    resource: z.string(),
    label: z.string().nullable(),
    from: Instant,
    to: Instant,
    quantity: z.string().describe('Exact, of the line’s quantity'),
    amountMinor: Minor.nullable().describe('Where evidence is an amount'),
    detail: z.string(),
    source: z.string().nullable().describe('Path of the events themselves'),
  })
  .meta({ id: 'LineEvidence' });

export const LineEvidences = pageOf(LineEvidence);

export type ExploredLine = z.output<typeof ExploredLine>;
export type LineEvidence = z.output<typeof LineEvidence>;
