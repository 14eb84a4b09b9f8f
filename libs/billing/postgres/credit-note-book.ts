import type { CreditNoteRecord, KeptWithInvoice } from '#billing/invoice';
import { creditTax, decimal, type TaxCategory } from '#billing/rating';
import type { Queryable } from '#database';

/** All that the documents of a credit note show; parties are the invoice's, as they were. */
export async function creditNoteRecord(client: Queryable, id: string): Promise<CreditNoteRecord | undefined> {
  const { rows } = await client.query<{
    partner_id: string;
    number: string;
    reason: string;
    net_minor: string;
    tax_minor: string;
    total_minor: string;
    issued_at: Date;
    invoice_id: string;
    invoice_number: string;
    invoice_issued_at: Date;
    currency: string;
    document: KeptWithInvoice;
  }>(
    `SELECT note.*, invoice.number AS invoice_number, invoice.issued_at AS invoice_issued_at, currency, document
     FROM credit_note note JOIN invoice ON invoice.id = note.invoice_id WHERE note.id = $1`,
    [id],
  );
  const row = rows[0];
  if (!row) return undefined;
  const lines = await client.query<{
    service_month: string;
    description: string;
    tax_class: string;
    net_minor: string;
  }>('SELECT * FROM credit_note_line WHERE credit_note_id = $1 ORDER BY position', [id]);
  const taxes = await client.query<{
    tax_class: string;
    category: TaxCategory;
    percent: string;
    note: string | null;
    net: string;
    remaining: string;
  }>(
    `SELECT tax.tax_class, category, percent, note, sum(line.net_minor) AS net, tax.net_minor - coalesce((
       SELECT sum(earlier.net_minor) FROM credit_note_line earlier JOIN credit_note other ON other.id = earlier.credit_note_id
       WHERE other.invoice_id = $1 AND other.number < $3 AND earlier.tax_class = tax.tax_class), 0) AS remaining
     FROM tax_line tax JOIN credit_note_line line ON line.tax_class = tax.tax_class AND line.credit_note_id = $2
     WHERE tax.invoice_id = $1 GROUP BY tax.tax_class, category, percent, note, tax.net_minor ORDER BY tax.tax_class`,
    [row.invoice_id, id, row.number],
  );
  const { seller, customer, zone } = row.document;
  return {
    id,
    partnerId: row.partner_id,
    number: row.number,
    invoiceId: row.invoice_id,
    invoiceNumber: row.invoice_number,
    invoiceIssuedAt: row.invoice_issued_at.getTime(),
    reason: row.reason,
    zone,
    seller,
    customer,
    currency: row.currency,
    issuedAt: row.issued_at.getTime(),
    lines: lines.rows.map((line) => ({
      serviceMonth: line.service_month,
      description: line.description,
      taxClass: line.tax_class,
      net: BigInt(line.net_minor),
    })),
    taxes: taxes.rows.map((tax) => ({
      taxClass: tax.tax_class,
      category: tax.category,
      percent: decimal(tax.percent),
      net: BigInt(tax.net),
      tax: creditTax(BigInt(tax.remaining), BigInt(tax.net), decimal(tax.percent)),
      note: tax.note,
    })),
    net: BigInt(row.net_minor),
    tax: BigInt(row.tax_minor),
    total: BigInt(row.total_minor),
  };
}
