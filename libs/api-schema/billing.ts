import { z } from 'zod';
import { Instant, PageQuery, pageOf } from './page.ts';

const Month = z
  .string()
  .regex(/^\d{4}-(0[1-9]|1[0-2])$/)
  .describe('YYYY-MM in the partner’s time zone');
const Minor = z.int().describe('Minor units of the currency (cents)');
const Seq = z.string().describe('Sequence number of an event');

export const PreviewQuery = z.object({
  month: Month.exactOptional().describe('YYYY-MM in the partner’s time zone; default the running month'),
  format: z
    .enum(['json', 'pdf'])
    .exactOptional()
    .describe('`pdf` for the printable document, as `Accept: application/pdf` does'),
});

export const PreviewLine = z
  .object({
    kind: z.enum([
      'hub-hours',
      'node-hours-active',
      'node-hours-standby',
      'mailboxes',
      'gb-hours',
      'messages',
      'add-on',
      'fee',
      'commitment',
      'discount',
    ]),
    description: z.string(),
    quantity: z.string().describe('Decimal'),
    unit: z.string(),
    unitPrice: z.string().describe('Decimal, major units; where tiers decide, the average'),
    amountMinor: Minor,
    evidence: z.string().describe('Path of what lies behind the line'),
  })
  .meta({ id: 'InvoicePreviewLine' });

export const InvoicePreview = z
  .object({
    partner: z.string(),
    currency: z.string(),
    periodStart: Instant,
    periodEnd: Instant,
    asOf: Instant.describe('Usage is counted until then'),
    lines: z.array(PreviewLine),
    subtotalMinor: Minor.describe('The sum of the lines, exactly'),
    taxMinor: Minor,
    totalMinor: Minor,
  })
  .meta({ id: 'InvoicePreview' });

/** A month, or instants [from, to); by default the running month. */
export const EvidenceQuery = PageQuery.extend({
  meter: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,39}(,[a-z][a-z0-9-]{0,39}){0,9}$/)
    .describe('Meters, separated by commas'),
  month: Month.exactOptional(),
  from: z.iso.datetime({ offset: true }).exactOptional(),
  to: z.iso.datetime({ offset: true }).exactOptional(),
});
export const UsageEventQuery = EvidenceQuery.extend({ subject: z.string().min(1).max(255).exactOptional() });

const Counted = z
  .object({ from: Instant, to: Instant, seconds: z.number() })
  .describe('The part inside the period asked for');

export const UsageInterval = z
  .object({
    meter: z.string(),
    resource: z.string(),
    label: z.string().nullable(),
    from: Instant,
    to: Instant.nullable().describe('null while it lasts'),
    counted: Counted,
    startSeq: Seq,
    endSeq: Seq.nullable(),
  })
  .meta({ id: 'UsageInterval' });

export const UsageLevel = z
  .object({
    meter: z.string(),
    subject: z.string(),
    value: z.string().describe('Bytes, held until the next sample'),
    counted: Counted,
    seq: Seq,
  })
  .meta({ id: 'UsageLevel' });

export const UsageHour = z
  .object({ meter: z.string(), hour: Instant, subject: z.string(), quantity: z.string(), events: z.int() })
  .meta({ id: 'UsageHour' });

export const UsageEventView = z
  .object({
    seq: Seq,
    at: Instant,
    source: z.string(),
    id: z.string(),
    kind: z.enum(['counter', 'start', 'stop', 'gauge', 'peak', 'unique']),
    meter: z.string(),
    subject: z.string(),
    label: z.string().nullable(),
    quantity: z.string().nullable(),
    item: z.string().nullable().describe('What a unique meter counts once'),
    receivedAt: Instant,
    voided: z.string().nullable().describe('Why it does not count, when it does not'),
  })
  .meta({ id: 'UsageEvent' });

export const UsageIntervals = pageOf(UsageInterval);
export const UsageLevels = pageOf(UsageLevel);
export const UsageHours = pageOf(UsageHour);
export const UsageEvents = pageOf(UsageEventView);

const OpenSpan = { from: Instant, to: Instant.nullable() };

/** Prices, commitments and coupons in force. */
export const Subscription = z
  .object({
    partner: z.string(),
    timeZone: z.string(),
    anchorDay: z.int(),
    started: Instant,
    ended: Instant.nullable(),
    segments: z.array(
      z.object({
        ...OpenSpan,
        version: z.string(),
        plan: z.string().describe('Name of the price list'),
        planVersion: z.int().describe('Which version of it that is, from 1'),
        currency: z.string(),
        components: z.array(
          z.object({
            id: z.string(),
            kind: PreviewLine.shape.kind,
            description: z.string(),
            meters: z.array(z.string()),
            measure: z.string(),
            unit: z.string(),
            price: z.record(z.string(), z.unknown()).describe('{ model, … }, every price a decimal string'),
          }),
        ),
      }),
    ),
    commitments: z.array(
      z.object({ ...OpenSpan, id: z.string(), amount: z.string().describe('Decimal, major units a month') }),
    ),
    coupons: z.array(
      z.object({
        ...OpenSpan,
        id: z.string(),
        description: z.string(),
        percent: z.string().exactOptional(),
        amountMinor: Minor.exactOptional(),
      }),
    ),
  })
  .meta({ id: 'Subscription' });

export const InvoiceQuery = z.object({
  format: z
    .enum(['json', 'pdf', 'xml', 'html', 'csv'])
    .exactOptional()
    .describe(
      '`pdf`: Factur-X (PDF/A-3 with the XML inside); `xml`: the electronic invoice in the partner’s form (CII, UBL or XRechnung); `csv`: its lines. Final invoices only',
    ),
});

export const Invoice = z
  .object({
    id: z.string(),
    number: z.string().nullable().describe('null until it is final'),
    month: z.string(),
    state: z
      .enum(['grace', 'failed', 'finalized', 'skipped'])
      .describe('grace: a draft that waits for late events; skipped: nothing to pay, closed without a number'),
    failure: z.string().nullable().describe('Why it is not final, when it should be'),
    needsApproval: z.boolean(),
    held: z
      .string()
      .nullable()
      .describe('What was found in its usage: it waits until that is mended or an operator approves it'),
    graceUntil: Instant,
    issuedAt: Instant.nullable(),
    dueAt: Instant.nullable(),
    currency: z.string(),
    netMinor: Minor,
    taxMinor: Minor,
    totalMinor: Minor,
    dueMinor: Minor.nullable().describe('Still to be paid'),
    settlement: z.enum(['open', 'paid', 'overdue', 'uncollectible', 'void']).nullable(),
  })
  .meta({ id: 'Invoice' });

export const InvoiceWithLines = Invoice.extend({
  lines: z.array(
    PreviewLine.extend({
      serviceMonth: z.string().describe('The month the use was in; an earlier one for late use'),
      discountMinor: Minor,
      taxMinor: Minor,
      line: z.int().describe('Position, from 1'),
    }),
  ),
}).meta({ id: 'InvoiceWithLines' });

export const Invoices = pageOf(Invoice);

export type Invoice = z.output<typeof Invoice>;
export type InvoiceWithLines = z.output<typeof InvoiceWithLines>;
export type InvoicePreview = z.output<typeof InvoicePreview>;
export type UsageInterval = z.output<typeof UsageInterval>;
export type Subscription = z.output<typeof Subscription>;
