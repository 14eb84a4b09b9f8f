import type { LineKind } from '#billing/rating';

/** What `rookery invoice preview --json` prints and scripts read. Lines add up to the subtotal exactly. */
export interface InvoicePreview {
  /** Handle (slug) of the partner. */
  readonly partner: string;
  readonly currency: string;
  /** ISO 8601 instants: the billing month. */
  readonly periodStart: string;
  readonly periodEnd: string;
  /** Usage is counted up to here: the period's end, or now while the month runs. */
  readonly asOf: string;
  readonly lines: readonly PreviewLine[];
  readonly subtotalMinor: number;
  readonly taxMinor: number;
  readonly totalMinor: number;
}

export interface PreviewLine {
  readonly kind: LineKind;
  readonly description: string;
  /** Decimal, rounded to six digits where it does not end. */
  readonly quantity: string;
  readonly unit: string;
  /** Decimal major units for one; where tiers decide, what one came to on average. */
  readonly unitPrice: string;
  readonly amountMinor: number;
  /** Path under the API of what lies behind the line. */
  readonly evidence: string;
}
