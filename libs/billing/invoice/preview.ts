import type { InvoicePreview, PreviewLine } from '#billing/api';
import { type Discount, formatDecimal, isoDay, localDay, type RatedLine, type Span, toMajor } from '#billing/rating';
import { assert } from '#stdx';
import type { RatedMonth } from './rated-month.ts';

/** Digits of quantities and unit prices that do not end; amounts are never made from them. */
const QUANTITY_DIGITS = 6;
const PRICE_DIGITS = 10;

/** A rated month as the JSON scripts read. */
export function invoicePreview(month: RatedMonth): InvoicePreview {
  const { account, rated, asOf } = month;
  const { period, currency } = rated;
  const lines = [
    ...rated.lines.map((line) => previewLine(month, line)),
    ...rated.discounts.filter(({ minor }) => minor !== 0n).map((discount) => discountLine(month, discount)),
  ];
  return {
    partner: account.slug,
    currency,
    periodStart: iso(period.from),
    periodEnd: iso(period.to),
    asOf: iso(asOf),
    lines,
    subtotalMinor: integer(rated.net),
    taxMinor: integer(rated.tax),
    totalMinor: integer(rated.total),
  };
}

function previewLine(month: RatedMonth, line: RatedLine): PreviewLine {
  return {
    kind: line.kind,
    description: describe(month, line),
    quantity: formatDecimal(line.quantity, QUANTITY_DIGITS),
    unit: line.unit,
    unitPrice: formatDecimal(line.unitPrice, PRICE_DIGITS),
    amountMinor: integer(line.minor),
    evidence: evidenceOf(month, line),
  };
}

function discountLine({ account, rated }: RatedMonth, { coupon, minor }: Discount): PreviewLine {
  return {
    kind: 'discount',
    description: coupon.description,
    quantity: '1',
    unit: 'discount',
    unitPrice: formatDecimal(toMajor(-minor, rated.currency), PRICE_DIGITS),
    amountMinor: integer(-minor),
    evidence: `${evidenceRoot(account.partnerId)}/subscription`,
  };
}

/** Says which dates a line is about when a price held for part of the month only. */
function describe({ account, rated }: RatedMonth, line: RatedLine): string {
  const { from, to } = rated.period;
  if (line.spans.length === 1 && line.spans[0]!.from === from && line.spans[0]!.to === to) return line.description;
  const date = (instant: number): string => isoDay(localDay(instant, account.zone));
  return `${line.description}, ${line.spans.map((span) => `${date(span.from)} to ${date(span.to - 1)}`).join(' and ')}`;
}

/** Which of the usage pages shows what is behind a line. */
export function evidenceOf({ account, rated }: RatedMonth, line: RatedLine): string {
  const base = evidenceRoot(account.partnerId);
  const page = PAGE_OF_MEASURE[measureOf(line)];
  if (!page) return `${base}/subscription`;
  const whole: Span = { from: line.spans[0]!.from, to: line.spans.at(-1)!.to };
  const range =
    whole.from === rated.period.from && whole.to === rated.period.to
      ? `month=${rated.period.month}`
      : `from=${iso(whole.from)}&to=${iso(whole.to)}`;
  return `${base}/usage/${page}?meter=${line.meters.join(',')}&${range}`;
}

const PAGE_OF_MEASURE = { interval: 'intervals', gauge: 'levels', counter: 'hours', none: undefined } as const;

function measureOf(line: RatedLine): keyof typeof PAGE_OF_MEASURE {
  switch (line.measure) {
    case 'hours':
    case 'peak':
    case 'average':
    case 'prorated':
      return 'interval';
    case 'gigabyte-months':
    case 'level':
      return 'gauge';
    case 'total':
    case 'maximum':
    case 'unique':
      return 'counter';
    case 'none':
      return 'none';
  }
}

/** Path all evidence of a partner's lines is under. */
export const evidenceRoot = (partnerId: string): string => `/api/v1/partners/${partnerId}`;
const iso = (instant: number): string => new Date(instant).toISOString();

/** Minor units as a JSON integer: exact up to 90 trillion euros. */
function integer(minor: bigint): number {
  const value = Number(minor);
  assert(Number.isSafeInteger(value), 'an amount fits a JSON integer');
  return value;
}
