import type { CreditNoteRecord } from '#billing/invoice';
import type { Database } from '#database';
import { creditNoteRecord } from './credit-note-book.ts';

/** One credit note in a list. */
export interface CreditNoteSummary {
  readonly id: string;
  readonly number: string;
  readonly invoiceNumber: string;
  readonly reason: string;
  readonly currency: string;
  /** Minor units. */
  readonly net: bigint;
  readonly tax: bigint;
  readonly total: bigint;
  readonly issuedAt: Date;
}

/** Credit notes to read; bound to the partner by row-level security. */
export class CreditNotes {
  constructor(private readonly database: Database) {}

  /** The newest first; `after` is the number of the last one seen, in the form the API's cursors allow. */
  list(partnerId: string, limit: number, after?: string): Promise<CreditNoteSummary[]> {
    return this.database.asPartner(partnerId, async (client) => {
      const { rows } = await client.query<SummaryRow>(
        `SELECT note.*, invoice.number AS invoice_number, currency FROM credit_note note JOIN invoice ON invoice.id = invoice_id
         WHERE note.partner_id = $1 AND ($2::text IS NULL OR (note.issued_at, note.number) < (
           SELECT issued_at, number FROM credit_note WHERE number = $2 AND partner_id = $1))
         ORDER BY note.issued_at DESC, note.number DESC LIMIT $3`,
        [partnerId, after ?? null, limit],
      );
      return rows.map((row) => ({
        id: row.id,
        number: row.number,
        invoiceNumber: row.invoice_number,
        reason: row.reason,
        currency: row.currency,
        net: BigInt(row.net_minor),
        tax: BigInt(row.tax_minor),
        total: BigInt(row.total_minor),
        issuedAt: row.issued_at,
      }));
    });
  }

  /** By id or number; `undefined` when it is not the partner's. */
  record(partnerId: string, idOrNumber: string): Promise<CreditNoteRecord | undefined> {
    return this.database.asPartner(partnerId, async (client) => {
      const { rows } = await client.query<{ id: string }>(
        'SELECT id FROM credit_note WHERE partner_id = $1 AND (id::text = $2 OR number = $2)',
        [partnerId, idOrNumber],
      );
      return rows[0] && creditNoteRecord(client, rows[0].id);
    });
  }
}

interface SummaryRow {
  readonly id: string;
  readonly number: string;
  readonly invoice_number: string;
  readonly reason: string;
  readonly currency: string;
  readonly net_minor: string;
  readonly tax_minor: string;
  readonly total_minor: string;
  readonly issued_at: Date;
}
