import { z } from 'zod';
import { Instant, Name, PageQuery, pageOf } from './page.ts';

const Code = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,39}$/)
  .describe('What events name as their type and prices as their meter; never given out again');
const Aggregated = z
  .enum(['sum', 'count', 'max', 'unique', 'level'])
  .describe(
    'What its events come to: the sum of values; how many there were; each subject’s greatest value, added up; each subject’s different values, counted; each subject’s value, held until its next one, on average over the month',
  );
const Subjects = z
  .enum(['any', 'mailbox', 'domain'])
  .describe('Whether a subject must be a mailbox (address or id) or a domain of the partner’s');
const SilentHours = z
  .int()
  .min(1)
  .max(744)
  .nullable()
  .describe('Silence for longer is reported, and holds the invoice; null where silence is nothing');

export const Meter = z
  .object({
    id: z.uuid(),
    partner: z.string().nullable().describe('Slug; null for the operator’s, which every partner may feed'),
    code: Code,
    name: z.string(),
    unit: z.string().describe('What one of it is called on a bill'),
    aggregation: Aggregated,
    subjects: Subjects,
    silentHours: SilentHours,
    createdAt: Instant,
    archivedAt: Instant.nullable().describe('From then on it takes no events'),
  })
  .meta({ id: 'Meter' });

export const Meters = z.object({ items: z.array(Meter) });

export const MeterQuery = z.object({
  partner: Name.exactOptional().describe(
    'Id or slug; default one’s own, and the operator’s alone with an operator key',
  ),
});

export const CreateMeter = z
  .strictObject({
    partner: Name.exactOptional().describe('Id or slug; default one’s own, and every partner’s with an operator key'),
    code: Code,
    name: z.string().min(1).max(100),
    unit: z.string().min(1).max(40),
    aggregation: Aggregated,
    subjects: Subjects.default('any'),
    silentHours: SilentHours.default(null),
  })
  .meta({ id: 'CreateMeter' });

/** CloudEvents 1.0, structured JSON. Attributes that are not named here are allowed and say nothing. */
export const UsageCloudEvent = z
  .looseObject({
    specversion: z.literal('1.0'),
    id: z
      .string()
      .min(1)
      .max(255)
      .describe('Made of what happened: sent again with its source, it counts once, for ever'),
    source: z.string().min(1).max(255).describe('Who counted it'),
    type: z.string().describe('Code of a meter'),
    subject: z.string().min(1).max(255).describe('What it is about'),
    time: z.string().describe('When it happened (RFC 3339), not when it is sent'),
    datacontenttype: z.literal('application/json').exactOptional(),
    data: z
      .looseObject({
        value: z.union([z.number(), z.string()]).exactOptional().describe('Needed with sum, max and level'),
        label: z.string().max(320).exactOptional().describe('The subject’s name, for people reading the bill'),
      })
      .exactOptional(),
  })
  .meta({ id: 'UsageCloudEvent' });

export const UsageOutcome = z
  .object({
    id: z.string().nullable().describe('Of the event, where it has one'),
    outcome: z.enum(['accepted', 'duplicate', 'conflict', 'rejected']),
    status: z.int().describe('As the event alone would be answered: 200, 409 for a conflict, 422'),
    reason: z
      .enum(['invalid', 'future', 'tooOld', 'unknownMeter', 'unknownSubject', 'badValue', 'unknownPartner'])
      .exactOptional(),
    detail: z.string().exactOptional(),
  })
  .meta({ id: 'UsageOutcome' });

export const UsageOutcomes = z
  .object({
    accepted: z.int(),
    duplicates: z.int().describe('Counted before'),
    rejected: z.int().describe('Not counted, conflicts included'),
    outcomes: z.array(UsageOutcome).describe('One for each event, in order'),
  })
  .meta({ id: 'UsageOutcomes' });

export const UsageFinding = z
  .object({
    id: z.string(),
    partner: z.string().describe('Slug'),
    kind: z
      .enum(['silent', 'bucket', 'interval', 'role', 'gone', 'mailbox', 'lifetime', 'store', 'books'])
      .describe(
        'silent: nothing was said for too long; bucket, interval: not what its events come to; role: a hub’s or node’s role is counted otherwise; gone: counted and not there; mailbox: there and not counted; lifetime: the cluster’s history says otherwise; store: a volume’s own count says otherwise; books: an invariant of invoices is broken',
      ),
    meter: z.string(),
    subject: z.string(),
    started: Instant,
    ended: Instant.nullable().describe('Null while it lasts'),
    expected: z.string().nullable(),
    found: z.string().nullable(),
    detail: z.string(),
    holds: z.boolean().describe('Whether invoices of that time wait until it is mended or accepted'),
    foundAt: Instant,
    seenAt: Instant,
    resolvedAt: Instant.nullable(),
    resolvedBy: z.string().nullable().describe('`recheck` when it is no longer so; else who accepted it'),
    note: z.string().nullable(),
  })
  .meta({ id: 'UsageFinding' });

export const UsageFindings = pageOf(UsageFinding);

export const FindingQuery = PageQuery.extend({
  partner: Name.exactOptional().describe('Id or slug; default all'),
  open: z.enum(['true', 'false']).default('true').describe('Only those that are neither mended nor accepted'),
});

export const AcceptFinding = z
  .strictObject({ note: z.string().min(1).max(500).describe('Why it is right as it is') })
  .meta({ id: 'AcceptFinding' });

/** One event or a batch; each event is judged by itself. */
export const UsageEventsBody = z.union([z.array(z.unknown()).min(1), z.looseObject({})]);

export type Meter = z.output<typeof Meter>;
export type UsageFinding = z.output<typeof UsageFinding>;
export type UsageOutcomes = z.output<typeof UsageOutcomes>;
