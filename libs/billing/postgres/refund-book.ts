import type { Database, Queryable } from '#database';
import { present } from '#stdx';

export interface Refund {
  readonly id: string;
  readonly invoiceNumber: string;
  readonly creditNoteNumber: string;
  readonly method: 'stripe' | 'wallet' | 'manual';
  readonly state: 'pending' | 'processing' | 'succeeded' | 'failed';
  readonly minor: bigint;
  readonly currency: string;
  readonly reference: string | null;
  readonly failure: string | null;
  readonly requestedAt: Date;
  readonly updatedAt: Date;
}

export interface RefundRow {
  readonly id: string;
  readonly partner_id: string;
  readonly invoice_id: string;
  readonly method: Refund['method'];
  readonly minor: string;
  readonly currency: string;
  readonly state: Refund['state'];
  readonly reference: string | null;
  readonly failure: string | null;
  readonly requested_at: Date;
  readonly updated_at: Date;
}

type ViewRow = RefundRow & { readonly number: string; readonly note_number: string };

const VIEW = `SELECT refund.*, invoice.number, note.number AS note_number FROM refund
  JOIN invoice ON invoice.id = refund.invoice_id JOIN credit_note note ON note.id = credit_note_id`;

/** Refunds to read; bound to the partner by row-level security. */
export class RefundBook {
  constructor(private readonly database: Database) {}

  /** The newest first; `after` is the id of the last one seen. */
  list(partnerId: string, limit: number, after?: string): Promise<Refund[]> {
    return this.database.asPartner(partnerId, async (client) => {
      const { rows } = await client.query<ViewRow>(
        `${VIEW} WHERE refund.partner_id = $1
           AND ($2::text IS NULL OR (requested_at, refund.id) < (SELECT requested_at, id FROM refund WHERE id::text = $2))
         ORDER BY requested_at DESC, refund.id DESC LIMIT $3`,
        [partnerId, after ?? null, limit],
      );
      return rows.map(view);
    });
  }
}

/** One refund as it is in the caller's transaction. */
export async function refundView(client: Queryable, id: string): Promise<Refund> {
  const { rows } = await client.query<ViewRow>(`${VIEW} WHERE refund.id = $1`, [id]);
  return view(present(rows[0], 'refund'));
}

const view = (row: ViewRow): Refund => ({
  id: row.id,
  invoiceNumber: row.number,
  creditNoteNumber: row.note_number,
  method: row.method,
  state: row.state,
  minor: BigInt(row.minor),
  currency: row.currency,
  reference: row.reference,
  failure: row.failure,
  requestedAt: row.requested_at,
  updatedAt: row.updated_at,
});
