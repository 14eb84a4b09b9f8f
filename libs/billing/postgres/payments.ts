import type { BillingError } from '#billing/api';
import type { Database, Queryable } from '#database';
import { err, ok, type Result } from '#stdx';
import { post, smaller } from './ledger.ts';

export interface ReceivedPayment {
  readonly partnerId: string;
  /** What it pays; without one it tops up the wallet. */
  readonly invoiceId?: string;
  readonly method: 'manual' | 'stripe';
  /** The provider's id, or the bank's reference: the same payment is booked once. */
  readonly reference: string;
  readonly minor: bigint;
  readonly currency: string;
  readonly receivedAt: Date;
}

/** Books money that came in. What an invoice does not need goes to the wallet. */
export class Payments {
  constructor(private readonly database: Database) {}

  /** `false` when this payment was booked before. */
  async receive(payment: ReceivedPayment): Promise<Result<boolean, BillingError>> {
    if (payment.minor <= 0n) return err({ code: 'invalid', field: 'minor', reason: 'a payment is more than nothing' });
    return this.database.transaction(async (client) => {
      const due = await lockDue(client, payment);
      if (due === undefined) return err({ code: 'notFound', what: 'invoice' } as const);
      const { rows } = await client.query<{ id: string }>(
        `INSERT INTO payment (partner_id, invoice_id, method, reference, minor, currency, received_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (method, reference) DO NOTHING RETURNING id`,
        [
          payment.partnerId,
          payment.invoiceId ?? null,
          payment.method,
          payment.reference,
          String(payment.minor),
          payment.currency,
          payment.receivedAt,
        ],
      );
      if (!rows[0]) return ok(false);
      const paid = smaller(payment.minor, due);
      if (paid > 0n)
        await client.query(
          `UPDATE invoice_settlement SET paid_minor = paid_minor + $2, version = version + 1,
             state = CASE WHEN due_minor = $2 THEN 'paid' ELSE state END WHERE invoice_id = $1`,
          [payment.invoiceId, String(paid)],
        );
      await post(
        client,
        {
          name: `payment~${rows[0].id}`,
          partnerId: payment.partnerId,
          currency: payment.currency,
          at: payment.receivedAt,
        },
        [
          { account: 'cash', minor: payment.minor },
          { account: 'receivable', minor: -paid },
          { account: 'wallet', minor: paid - payment.minor },
        ],
      );
      return ok(true);
    });
  }
}

/** What is still owed on the invoice, locked; 0 for a top-up. */
async function lockDue(client: Queryable, { partnerId, invoiceId }: ReceivedPayment): Promise<bigint | undefined> {
  if (invoiceId === undefined) return 0n;
  const { rows } = await client.query<{ due_minor: string }>(
    'SELECT due_minor FROM invoice_settlement WHERE invoice_id = $1 AND partner_id = $2 FOR UPDATE',
    [invoiceId, partnerId],
  );
  return rows[0] && BigInt(rows[0].due_minor);
}
