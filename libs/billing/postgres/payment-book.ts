import type { ChargeStatus } from '#billing/api';
import type { Database } from '#database';

export interface BookedPayment {
  readonly id: string;
  readonly invoiceNumber: string | null;
  readonly method: 'manual' | 'stripe';
  readonly reference: string;
  readonly minor: bigint;
  readonly currency: string;
  readonly receivedAt: Date;
}

export interface KeptAttempt {
  readonly attempt: number;
  readonly occasion: string;
  readonly state: 'pending' | ChargeStatus;
  readonly minor: bigint;
  readonly currency: string;
  readonly failureCode: string | null;
  readonly failure: string | null;
  readonly startedAt: Date;
  readonly updatedAt: Date;
}

interface PaymentRow {
  readonly id: string;
  readonly number: string | null;
  readonly method: BookedPayment['method'];
  readonly reference: string;
  readonly minor: string;
  readonly currency: string;
  readonly received_at: Date;
}

/** Payments and charges to read; bound to the partner by row-level security. */
export class PaymentBook {
  constructor(private readonly database: Database) {}

  /** The newest first; `after` is the id of the last one seen. */
  list(partnerId: string, limit: number, after?: string): Promise<BookedPayment[]> {
    return this.database.asPartner(partnerId, async (client) => {
      const { rows } = await client.query<PaymentRow>(
        `SELECT payment.*, number FROM payment LEFT JOIN invoice ON invoice.id = invoice_id
         WHERE payment.partner_id = $1
           AND ($2::text IS NULL OR (received_at, payment.id) < (SELECT received_at, id FROM payment WHERE id::text = $2))
         ORDER BY received_at DESC, payment.id DESC LIMIT $3`,
        [partnerId, after ?? null, limit],
      );
      return rows.map(booked);
    });
  }

  find(partnerId: string, method: BookedPayment['method'], reference: string): Promise<BookedPayment | undefined> {
    return this.database.asPartner(partnerId, async (client) => {
      const { rows } = await client.query<PaymentRow>(
        `SELECT payment.*, number FROM payment LEFT JOIN invoice ON invoice.id = invoice_id WHERE method = $1 AND reference = $2`,
        [method, reference],
      );
      return rows[0] && booked(rows[0]);
    });
  }

  attempts(partnerId: string, invoiceId: string): Promise<KeptAttempt[]> {
    return this.database.asPartner(partnerId, async (client) => {
      const { rows } = await client.query<{
        attempt: number;
        occasion: string;
        state: KeptAttempt['state'];
        minor: string;
        currency: string;
        failure_code: string | null;
        failure: string | null;
        started_at: Date;
        updated_at: Date;
      }>('SELECT * FROM payment_attempt WHERE invoice_id = $1 ORDER BY attempt', [invoiceId]);
      return rows.map((row) => ({
        attempt: row.attempt,
        occasion: row.occasion,
        state: row.state,
        minor: BigInt(row.minor),
        currency: row.currency,
        failureCode: row.failure_code,
        failure: row.failure,
        startedAt: row.started_at,
        updatedAt: row.updated_at,
      }));
    });
  }
}

const booked = (row: PaymentRow): BookedPayment => ({
  id: row.id,
  invoiceNumber: row.number,
  method: row.method,
  reference: row.reference,
  minor: BigInt(row.minor),
  currency: row.currency,
  receivedAt: row.received_at,
});
