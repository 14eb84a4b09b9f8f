import type { DisputeSide } from '#billing/api';
import type { Database, Queryable } from '#database';
import { present } from '#stdx';

export type DisputeState = 'open' | 'answered' | 'credited' | 'rejected' | 'withdrawn';

export interface Dispute {
  readonly id: string;
  readonly partnerId: string;
  readonly invoiceNumber: string;
  readonly position: number;
  /** Of the line. */
  readonly description: string;
  readonly state: DisputeState;
  readonly currency: string;
  /** Minor units, without and with tax. */
  readonly net: bigint;
  readonly gross: bigint;
  readonly openedAt: Date;
  readonly resolvedAt: Date | null;
  readonly creditNoteNumber: string | null;
  /** The oldest first. */
  readonly comments: readonly DisputeComment[];
}

export interface DisputeComment {
  readonly side: DisputeSide;
  readonly author: string;
  readonly text: string;
  readonly at: Date;
}

export interface DisputeRow {
  readonly id: string;
  readonly partner_id: string;
  readonly invoice_id: string;
  readonly position: number;
  readonly state: DisputeState;
  readonly net_minor: string;
  readonly gross_minor: string;
  readonly opened_at: Date;
  readonly resolved_at: Date | null;
}

type ViewRow = DisputeRow & {
  readonly number: string;
  readonly currency: string;
  readonly description: string;
  readonly note_number: string | null;
};

const VIEW = `SELECT dispute.*, invoice.number, invoice.currency, line.description, note.number AS note_number
  FROM dispute JOIN invoice ON invoice.id = dispute.invoice_id
  JOIN invoice_line line ON line.invoice_id = dispute.invoice_id AND line.position = dispute.position
  LEFT JOIN credit_note note ON note.id = dispute.credit_note_id`;

/** Disputes to read; bound to the partner by row-level security, or to none. */
export class DisputeBook {
  constructor(private readonly database: Database) {}

  /** The newest first; `after` is the id of the last one seen. Only those of one state, if one is named. */
  list(partnerId: string | undefined, limit: number, after?: string, state?: DisputeState): Promise<Dispute[]> {
    return this.database.asPartner(partnerId, async (client) => {
      const { rows } = await client.query<ViewRow>(
        `${VIEW} WHERE ($1::text IS NULL OR (opened_at, dispute.id) < (SELECT opened_at, id FROM dispute WHERE id::text = $1))
           AND ($2::text IS NULL OR dispute.state = $2) AND ($4::uuid IS NULL OR dispute.partner_id = $4)
         ORDER BY opened_at DESC, dispute.id DESC LIMIT $3`,
        [after ?? null, state ?? null, limit, partnerId ?? null],
      );
      return threads(client, rows);
    });
  }

  find(partnerId: string | undefined, id: string): Promise<Dispute | undefined> {
    return this.database.asPartner(partnerId, async (client) => {
      const { rows } = await client.query<ViewRow>(`${VIEW} WHERE dispute.id::text = $1`, [id]);
      return (await threads(client, rows))[0];
    });
  }
}

/** One dispute as it is in the caller's transaction. */
export async function disputeView(client: Queryable, id: string): Promise<Dispute> {
  const { rows } = await client.query<ViewRow>(`${VIEW} WHERE dispute.id = $1`, [id]);
  return present((await threads(client, rows))[0], 'dispute');
}

async function threads(client: Queryable, rows: readonly ViewRow[]): Promise<Dispute[]> {
  const comments = await client.query<DisputeComment & { dispute_id: string }>(
    'SELECT dispute_id, side, author, text, at FROM dispute_comment WHERE dispute_id = ANY($1::uuid[]) ORDER BY id',
    [rows.map(({ id }) => id)],
  );
  const byDispute = Map.groupBy(comments.rows, ({ dispute_id }) => dispute_id);
  return rows.map((row) => ({
    id: row.id,
    partnerId: row.partner_id,
    invoiceNumber: row.number,
    position: row.position,
    description: row.description,
    state: row.state,
    currency: row.currency,
    net: BigInt(row.net_minor),
    gross: BigInt(row.gross_minor),
    openedAt: row.opened_at,
    resolvedAt: row.resolved_at,
    creditNoteNumber: row.note_number,
    comments: (byDispute.get(row.id) ?? []).map(({ side, author, text, at }) => ({ side, author, text, at })),
  }));
}
