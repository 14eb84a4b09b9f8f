import { z } from 'zod';
import { PreviewLine } from './billing.ts';
import { Instant, PageQuery, pageOf, Version } from './page.ts';

const Minor = z.int().describe('Minor units of the currency (cents)');
const Positive = Minor.min(1).max(Number.MAX_SAFE_INTEGER);

const Sums = z.object({
  netMinor: Minor.describe('After discounts'),
  taxMinor: Minor,
  totalMinor: Minor,
});

const Side = z.object({
  quantity: z.string().describe('Decimal'),
  amountMinor: Minor,
  netMinor: Minor.describe('After discounts'),
});

export const MonthToDateLine = z
  .object({
    component: z.string(),
    priceVersion: z.string(),
    kind: PreviewLine.shape.kind,
    description: z.string(),
    unit: z.string(),
    meters: z.array(z.string()),
    resources: z.int().describe('How many hubs, nodes, mailboxes or volumes are in it so far'),
    toDate: Side,
    forecast: Side.describe('The whole month'),
    basis: z.enum(['running', 'level', 'held', 'soFar', 'rate', 'fixed', 'commitment']),
    basedOn: z.string().describe('The basis in words: 12 running now go on'),
  })
  .meta({ id: 'MonthToDateLine' });

/** By the rating that bills. */
export const MonthToDate = z
  .object({
    partner: z.string(),
    currency: z.string(),
    periodStart: Instant,
    periodEnd: Instant,
    asOf: Instant.describe('Usage is counted until then; fees and commitments are those of the whole month'),
    rateFrom: Instant.describe('Counters go on as they did from then until asOf'),
    lines: z.array(MonthToDateLine),
    toDate: Sums,
    forecast: Sums,
  })
  .meta({ id: 'MonthToDate' });

export const ResourceQuery = PageQuery.extend({
  component: z.string().min(1).max(100).exactOptional().describe('Only of this component: hub-hours'),
});

export const MonthToDateResource = z
  .object({
    component: z.string(),
    priceVersion: z.string(),
    resource: z.string(),
    label: z.string().nullable().describe('Its name for people'),
    quantity: z.string().describe('Decimal'),
    unit: z.string(),
    amountMinor: Minor.describe('They sum to the line'),
  })
  .meta({ id: 'MonthToDateResource' });

export const MonthToDateResources = pageOf(MonthToDateResource);

const threshold = {
  amountMinor: Positive.nullable(),
  percent: z.int().min(1).max(1_000).nullable().describe('Of the budget'),
};

export const SpendThreshold = z.object({ id: z.string(), ...threshold }).meta({ id: 'SpendThreshold' });

export const NewSpendThreshold = z
  .strictObject({ amountMinor: Positive.exactOptional(), percent: threshold.percent.unwrap().exactOptional() })
  .describe('One of both')
  .meta({ id: 'NewSpendThreshold' });

const policy = {
  budgetMinor: Positive.nullable().describe('A month, net'),
  cap: z
    .enum(['off', 'soft', 'hard'])
    .describe('soft: told when it is reached; hard: new mailboxes, domains, hubs and nodes are refused. Mail flows on'),
  capMinor: Positive.nullable(),
};

export const SpendPolicy = z
  .object({ partner: z.string(), ...policy, thresholds: z.array(SpendThreshold), version: Version })
  .meta({ id: 'SpendPolicy' });

export const UpdateSpendPolicy = z.strictObject(policy).partial().meta({ id: 'UpdateSpendPolicy' });

export const SpendAlertQuery = z.object({
  month: z
    .string()
    .regex(/^\d{4}-(0[1-9]|1[0-2])$/)
    .exactOptional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});

export const SpendAlerts = z
  .object({
    items: z.array(
      z
        .object({
          month: z.string(),
          threshold: z.string().describe('amount~10000, percent~80, cap~10000'),
          limitMinor: Minor,
          spendMinor: Minor.describe('When it was told'),
          currency: z.string(),
          at: Instant,
        })
        .meta({ id: 'SpendAlert' }),
    ),
  })
  .meta({ id: 'SpendAlerts' });

export type MonthToDate = z.output<typeof MonthToDate>;
export type MonthToDateResource = z.output<typeof MonthToDateResource>;
export type SpendPolicy = z.output<typeof SpendPolicy>;
export type SpendThreshold = z.output<typeof SpendThreshold>;
