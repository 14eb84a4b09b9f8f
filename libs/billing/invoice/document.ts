import { formatDecimal, formatMinor, isoDay, localDay, minorDigits, type RatedLine } from '#billing/rating';
import { evidenceOf, evidenceRoot, invoicePreview } from './preview.ts';
import type { RatedMonth } from './rated-month.ts';

/** What any rendering of an invoice (PDF, HTML) shows: texts ready to print, in order. */
export interface InvoiceDocument {
  /** `Invoice preview`, `Invoice 2026-000017`. */
  readonly title: string;
  /** A sentence under the title, when there is something to know about the document itself. */
  readonly notice: string | null;
  readonly seller: Party;
  readonly customer: Party;
  /** Label and value: period, dates, number. */
  readonly facts: readonly (readonly [label: string, value: string])[];
  readonly currency: string;
  readonly lines: readonly DocumentLine[];
  /** Headings of the figures, where they are not an invoice's. */
  readonly columns?: { readonly quantity: string; readonly unitPrice: string; readonly amount: string };
  /** Label and amount, the last one is what counts. */
  readonly totals: readonly (readonly [label: string, amount: string])[];
  /** What tax law wants said. */
  readonly notes: readonly string[];
  readonly breakdowns: readonly Breakdown[];
  /** Milliseconds; the PDF's own date, so that the same document is the same bytes. */
  readonly issuedAt: number;
}

export interface Party {
  readonly name: string;
  readonly address: readonly string[];
}

export interface DocumentLine {
  readonly description: string;
  readonly quantity: string;
  readonly unitPrice: string;
  readonly amount: string;
  /** Where what is behind it can be read. */
  readonly evidence: string;
}

/** The largest resources behind a line. */
export interface Breakdown {
  readonly title: string;
  /** In the plural. */
  readonly unit: string;
  readonly rows: readonly {
    readonly name: string;
    readonly quantity: string;
    readonly amount: string;
    readonly share: number;
  }[];
  /** What the line used on each local date of the period, for a picture of it. */
  readonly days?: readonly number[];
  /** Where everything behind the line can be read. */
  readonly evidence?: string;
  /** Resources not shown, and what they come to. */
  readonly rest: { readonly count: number; readonly amount: string } | null;
}

/** Rows of one breakdown. A page holds about four lines' worth; the rest is a link away. */
const BREAKDOWN_ROWS_MAX = 10;

/** The preview of a month as a document. */
export function previewDocument(month: RatedMonth): InvoiceDocument {
  const { account, rated, asOf } = month;
  const { period, currency } = rated;
  const date = (instant: number): string => isoDay(localDay(instant, account.zone));
  const running = asOf < period.to;
  return {
    title: 'Invoice preview',
    notice: running
      ? `The month is still running: usage is counted up to ${instantText(asOf)}. This is not an invoice.`
      : 'Every event received so far is counted. This is not an invoice.',
    seller: { name: 'Rookery', address: [] },
    customer: { name: account.name, address: [account.slug] },
    facts: [
      ['Period', `${date(period.from)} to ${date(period.to - 1)}`],
      ['Time zone', account.zone],
      ['Counted up to', instantText(asOf)],
      ['Rating', `engine ${rated.engineVersion}, ${rated.digest.slice(0, 12)}`],
    ],
    currency,
    lines: invoicePreview(month).lines.map((line) => ({
      description: line.description,
      quantity: `${grouped(line.quantity)} ${plural(line.unit, line.quantity)}`,
      unitPrice: priceText(line.unitPrice, currency),
      amount: money(BigInt(line.amountMinor), currency),
      evidence: line.evidence.slice(evidenceRoot(account.partnerId).length + 1),
    })),
    totals: [
      ['Subtotal', money(rated.net, currency)],
      ...rated.taxes.map(({ percent, tax, category }): [string, string] => [
        category === 'S' || category === 'Z' ? `VAT ${formatDecimal(percent)} %` : 'VAT',
        money(tax, currency),
      ]),
      ['Total', `${money(rated.total, currency)} ${currency}`],
    ],
    notes: [
      ...new Set(rated.taxes.flatMap(({ note }) => note ?? [])),
      `What is behind a line can be read under ${evidenceRoot(account.partnerId)}/`,
    ],
    breakdowns: rated.lines.flatMap((line, index) => (line.parts.length > 0 ? [breakdown(line, index, month)] : [])),
    issuedAt: asOf,
  };
}

/** The largest resources of a line, and what the others come to. */
export function breakdown(line: RatedLine, index: number, month: RatedMonth): Breakdown {
  const { account, rated, labels, daily } = month;
  const { currency } = rated;
  const sorted = line.parts.toSorted((a, b) => compareShares(b, a) || (a.resource < b.resource ? -1 : 1));
  const shown = sorted.slice(0, BREAKDOWN_ROWS_MAX);
  const hidden = sorted.slice(BREAKDOWN_ROWS_MAX);
  const largest = shown[0]?.quantity;
  return {
    title: line.description,
    unit: plural(line.unit, ''),
    days: daily[index] ?? [],
    evidence: evidenceOf(month, line).slice(evidenceRoot(account.partnerId).length + 1),
    rows: shown.map(({ resource, quantity, minor }) => ({
      name: labels.get(resource) ?? resource,
      quantity: grouped(formatDecimal(quantity, 3)),
      amount: money(minor, currency),
      share: largest ? fractionOf(quantity, largest) : 0,
    })),
    rest:
      hidden.length > 0
        ? {
            count: hidden.length,
            amount: money(
              hidden.reduce((sum, { minor }) => sum + minor, 0n),
              currency,
            ),
          }
        : null,
  };
}

type Quantity = RatedLine['quantity'];

const compareShares = (a: { quantity: Quantity }, b: { quantity: Quantity }): number => {
  const difference = a.quantity.num * b.quantity.den - b.quantity.num * a.quantity.den;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
};

/** Length of a bar; drawn, never computed on. */
const fractionOf = (part: Quantity, whole: Quantity): number =>
  Number((part.num * whole.den * 1_000n) / (part.den * whole.num || 1n)) / 1_000;

/** `1234567.5` → `1,234,567.5`. */
export function grouped(decimalText: string): string {
  const [whole = '', fraction] = decimalText.split('.');
  const digits = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return fraction === undefined ? digits : `${digits}.${fraction}`;
}

/** Minor units as people read them: `1,234.56`, with a true minus sign. */
export const money = (minor: bigint, currency: string): string =>
  grouped(formatMinor(minor, currency)).replace('-', '\u2212');

/** `hour` → `hours`, `mailbox` → `mailboxes`; one of it stays as it is. */
export const plural = (unit: string, quantity: string): string => {
  if (quantity === '1') return unit;
  return /(s|x|ch|sh)$/.test(unit) ? `${unit}es` : `${unit}s`;
};

/** A unit price with at least the currency's digits: `1.50`, `0.00025`. */
export function priceText(price: string, currency: string): string {
  const [whole = '', fraction = ''] = grouped(price.replace('-', '')).split('.');
  const digits = fraction.padEnd(minorDigits(currency), '0');
  return `${price.startsWith('-') ? '\u2212' : ''}${whole}${digits ? `.${digits}` : ''}`;
}
/** `2026-11-23 22:52 UTC`. */
export const instantText = (instant: number): string =>
  `${new Date(instant).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
