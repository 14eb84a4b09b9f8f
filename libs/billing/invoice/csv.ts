import { formatMinor } from '#billing/rating';
import type { InvoiceRecord } from './invoice-record.ts';

const HEADINGS = [
  'invoice',
  'service_month',
  'kind',
  'description',
  'quantity',
  'unit',
  'unit_price',
  'amount',
  'discount',
  'net',
  'tax',
  'currency',
  'evidence',
];

/** An invoice's lines for a spreadsheet (RFC 4180); amounts in major units, exactly. */
export function invoiceCsv({ number, currency, lines }: InvoiceRecord): string {
  return csv([
    HEADINGS,
    ...lines.map((line) => [
      number,
      line.serviceMonth,
      line.kind,
      line.description,
      line.quantity,
      line.unit,
      line.unitPrice,
      formatMinor(line.minor, currency),
      formatMinor(line.discount, currency),
      formatMinor(line.minor - line.discount, currency),
      formatMinor(line.tax, currency),
      currency,
      line.evidence,
    ]),
  ]);
}

export const csv = (rows: readonly (readonly string[])[]): string =>
  rows.map((row) => `${row.map(cell).join(',')}\r\n`).join('');

/** A text that a spreadsheet would take for a formula is marked as text; numbers stay numbers. */
function cell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) && !/^-?\d+(\.\d+)?$/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
