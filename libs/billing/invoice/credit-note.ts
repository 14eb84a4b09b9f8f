import { formatDecimal, isoDay, localDay, type Ratio, type TaxCategory } from '#billing/rating';
import { type InvoiceDocument, instantText, money } from './document.ts';
import { type LegalParty, printed } from './invoice-record.ts';

/** A credit note with all that its documents show; nothing in it changes any more. */
export interface CreditNoteRecord {
  readonly id: string;
  readonly partnerId: string;
  readonly number: string;
  /** Of the invoice it corrects. */
  readonly invoiceId: string;
  readonly invoiceNumber: string;
  readonly invoiceIssuedAt: number;
  readonly reason: string;
  readonly zone: string;
  readonly seller: LegalParty;
  readonly customer: LegalParty;
  readonly currency: string;
  /** Milliseconds. */
  readonly issuedAt: number;
  readonly lines: readonly CreditNoteLine[];
  readonly taxes: readonly CreditNoteTax[];
  /** Minor units given back. */
  readonly net: bigint;
  readonly tax: bigint;
  readonly total: bigint;
}

export interface CreditNoteLine {
  readonly serviceMonth: string;
  readonly description: string;
  readonly taxClass: string;
  readonly net: bigint;
}

export interface CreditNoteTax {
  readonly taxClass: string;
  readonly category: TaxCategory;
  readonly percent: Ratio;
  readonly net: bigint;
  readonly tax: bigint;
  readonly note: string | null;
}

/** A credit note as a document to print: what is given back, as positive amounts. */
export function creditNoteDocument(record: CreditNoteRecord): InvoiceDocument {
  const { currency, zone } = record;
  const date = (instant: number): string => isoDay(localDay(instant, zone));
  return {
    title: `Credit note ${record.number}`,
    notice: record.reason,
    seller: printed(record.seller),
    customer: printed(record.customer),
    facts: [
      ['Date', date(record.issuedAt)],
      ['Corrects invoice', record.invoiceNumber],
      ['Issued on', date(record.invoiceIssuedAt)],
    ],
    currency,
    lines: record.lines.map((line) => ({
      description: line.description,
      quantity: line.serviceMonth,
      unitPrice: '',
      amount: money(line.net, currency),
      evidence: '',
    })),
    columns: { quantity: 'Service month', unitPrice: '', amount: 'Amount' },
    totals: [
      ['Net', money(record.net, currency)],
      [taxLabel(record.taxes), money(record.tax, currency)],
      ['Given back', `${money(record.total, currency)} ${currency}`],
    ],
    notes: [
      ...new Set(record.taxes.flatMap(({ note }) => note ?? [])),
      'What was still owed on the invoice is forgiven first; the rest is in the wallet and pays the next invoice.',
      `Issued ${instantText(record.issuedAt)}.`,
    ],
    breakdowns: [],
    issuedAt: record.issuedAt,
  };
}

function taxLabel(taxes: readonly CreditNoteTax[]): string {
  const rated = taxes.filter(({ category }) => category === 'S');
  return rated.length === 1 && rated[0] ? `VAT ${formatDecimal(rated[0].percent)} %` : 'VAT';
}
