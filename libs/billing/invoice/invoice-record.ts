import { formatDecimal, isoDay, localDay, type Ratio, type TaxCategory } from '#billing/rating';
import type { InvoiceLine } from './compose.ts';
import {
  type Breakdown,
  breakdown,
  grouped,
  type InvoiceDocument,
  instantText,
  money,
  plural,
  priceText,
} from './document.ts';
import { evidenceRoot } from './preview.ts';
import type { RatedMonth } from './rated-month.ts';

/** A finalized invoice with all that its documents show; nothing in it changes any more. */
export interface InvoiceRecord extends KeptWithInvoice {
  readonly id: string;
  readonly partnerId: string;
  readonly number: string;
  readonly month: string;
  /** Instants in milliseconds. */
  readonly periodStart: number;
  readonly periodEnd: number;
  readonly issuedAt: number;
  readonly dueAt: number;
  readonly currency: string;
  readonly lines: readonly InvoiceLine[];
  readonly taxes: readonly InvoiceTax[];
  /** Minor units. */
  readonly net: bigint;
  readonly tax: bigint;
  readonly total: bigint;
}

export interface InvoiceTax {
  readonly taxClass: string;
  readonly category: TaxCategory;
  readonly percent: Ratio;
  readonly net: bigint;
  readonly tax: bigint;
  readonly note: string | null;
}

/** What is written down when an invoice becomes final, because its sources may change later. */
export interface KeptWithInvoice {
  readonly seller: LegalParty;
  readonly customer: LegalParty;
  readonly zone: string;
  /** Minor units taken from the wallet, as a decimal integer. */
  readonly wallet: string;
  readonly engineVersion: string;
  readonly digest: string;
  readonly breakdowns: readonly Breakdown[];
  /** How the partner's software reads it; Factur-X's own form where nothing is said. */
  readonly electronic?: { readonly format: 'cii' | 'ubl' | 'xrechnung'; readonly buyerReference: string | null };
}

export interface LegalParty {
  readonly name: string;
  readonly address: readonly string[];
  /** ISO 3166-1 alpha-2. */
  readonly country: string | null;
  readonly vatId: string | null;
  /** Another name a program can know it by, where its VAT number may not stand. */
  readonly identifier?: string;
  readonly email?: string | null;
  /** Whom to ask. */
  readonly contact?: { readonly name: string; readonly phone: string; readonly email: string };
  /** Where to pay. */
  readonly iban?: string | null;
}

/** Who used what, in the form that is kept. */
export const breakdownsOf = (month: RatedMonth): Breakdown[] =>
  month.rated.lines.flatMap((line, index) => (line.parts.length > 0 ? [breakdown(line, index, month)] : []));

/** A final invoice as a document to print. */
export function invoiceDocument(record: InvoiceRecord): InvoiceDocument {
  const { currency, zone, lines } = record;
  const date = (instant: number): string => isoDay(localDay(instant, zone));
  const wallet = BigInt(record.wallet);
  const discount = lines.reduce((sum, line) => sum + line.discount, 0n);
  const root = `${evidenceRoot(record.partnerId)}/`;
  const total = `${money(record.total, currency)} ${currency}`;
  return {
    title: `Invoice ${record.number}`,
    notice: null,
    seller: printed(record.seller),
    customer: printed(record.customer),
    facts: [
      ['Date', date(record.issuedAt)],
      ['Due', date(record.dueAt)],
      ['Service period', `${date(record.periodStart)} to ${date(record.periodEnd - 1)}`],
      ['Time zone', zone],
      ['Rating', `engine ${record.engineVersion}, ${record.digest.slice(0, 12)}`],
    ],
    currency,
    lines: lines.map((line) => ({
      description: line.description,
      quantity: `${grouped(line.quantity)} ${plural(line.unit, line.quantity)}`,
      unitPrice: line.unitPrice === '' ? '' : priceText(line.unitPrice, currency),
      amount: money(line.minor, currency),
      evidence: line.evidence.startsWith(root) ? line.evidence.slice(root.length) : line.evidence,
    })),
    totals: [
      ...(discount === 0n ? [] : [['Discount', money(-discount, currency)] as const]),
      ['Net', money(record.net, currency)],
      ...record.taxes.map(({ category, percent, tax }): [string, string] => [
        category === 'S' || category === 'Z' ? `VAT ${formatDecimal(percent)} %` : 'VAT',
        money(tax, currency),
      ]),
      ...(wallet === 0n
        ? []
        : [['Total', total] as const, ['Paid from the wallet', money(-wallet, currency)] as const]),
      wallet === 0n ? ['Total', total] : ['Due', `${money(record.total - wallet, currency)} ${currency}`],
    ],
    notes: [
      ...new Set(record.taxes.flatMap(({ note }) => note ?? [])),
      `What is behind a line can be read under ${root}`,
      `Issued ${instantText(record.issuedAt)}.`,
    ],
    breakdowns: record.breakdowns,
    issuedAt: record.issuedAt,
  };
}

/** A party as it stands on a document. */
export const printed = ({ name, address, country, vatId }: LegalParty) => ({
  name,
  address: [...address, ...(country ? [country] : []), ...(vatId ? [`VAT ID ${vatId}`] : [])],
});
