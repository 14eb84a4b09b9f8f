import { formatMinor, isoDay, localDay } from '#billing/rating';
import { csv } from './csv.ts';
import { type InvoiceDocument, instantText, money } from './document.ts';
import { type LegalParty, printed } from './invoice-record.ts';

/** What happened between us and a partner in a span of time, and what is owed before and after it. */
export interface StatementRecord {
  readonly seller: LegalParty;
  readonly customer: LegalParty;
  readonly zone: string;
  readonly currency: string;
  /** Instants in milliseconds, [from, to). */
  readonly from: number;
  readonly to: number;
  readonly madeAt: number;
  /** Minor units the partner owes; negative when it has something with us. */
  readonly opening: bigint;
  readonly closing: bigint;
  readonly entries: readonly StatementEntry[];
}

export interface StatementEntry {
  readonly at: number;
  readonly kind: 'invoice' | 'creditNote' | 'payment' | 'refund';
  /** Number of the document, or the payment's reference. */
  readonly reference: string;
  /** Minor units: what the partner owes more, or less. */
  readonly minor: bigint;
  /** What it owes after this. */
  readonly balance: bigint;
}

const NAME = { invoice: 'Invoice', creditNote: 'Credit note', payment: 'Payment', refund: 'Refund' } as const;

export function statementDocument(record: StatementRecord): InvoiceDocument {
  const { currency, zone } = record;
  const date = (instant: number): string => isoDay(localDay(instant, zone));
  return {
    title: 'Statement of account',
    notice: 'This is not an invoice.',
    seller: printed(record.seller),
    customer: printed(record.customer),
    facts: [
      ['Period', `${date(record.from)} to ${date(record.to - 1)}`],
      ['Currency', currency],
    ],
    currency,
    lines: record.entries.map(({ at, kind, reference, minor, balance }) => ({
      description: `${NAME[kind]} ${reference}`,
      quantity: date(at),
      unitPrice: money(minor, currency),
      amount: money(balance, currency),
      evidence: '',
    })),
    columns: { quantity: 'Date', unitPrice: 'Amount', amount: 'Balance' },
    totals: [
      ['Owed before', money(record.opening, currency)],
      [
        record.closing < 0n ? 'In your favour' : 'Owed',
        `${money(record.closing < 0n ? -record.closing : record.closing, currency)} ${currency}`,
      ],
    ],
    notes: [`Made ${instantText(record.madeAt)}.`],
    breakdowns: [],
    issuedAt: record.madeAt,
  };
}

/** The same for a spreadsheet. */
export function statementCsv({ entries, currency, zone, opening, from }: StatementRecord): string {
  const date = (instant: number): string => isoDay(localDay(instant, zone));
  return csv([
    ['date', 'kind', 'reference', 'amount', 'balance', 'currency'],
    [date(from), 'opening', '', '', formatMinor(opening, currency), currency],
    ...entries.map(({ at, kind, reference, minor, balance }) => [
      date(at),
      kind,
      reference,
      formatMinor(minor, currency),
      formatMinor(balance, currency),
      currency,
    ]),
  ]);
}
