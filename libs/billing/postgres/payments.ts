import type { BillingError } from '#billing/api';
import type { Database, Queryable } from '#database';
import { err, ok, present, type Result } from '#stdx';
import { refreshPause } from './dispute-pause.ts';
import { post, smaller } from './ledger.ts';
import { announcePaid } from './suspension.ts';

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

  /** `false` when this payment was booked before. Another payment under the same reference is refused. */
  receive(payment: ReceivedPayment): Promise<Result<boolean, BillingError>> {
    return this.database.transaction((client) => receivePayment(client, payment));
  }
}

/** `Payments.receive` in the caller's transaction. */
export async function receivePayment(
  client: Queryable,
  payment: ReceivedPayment,
): Promise<Result<boolean, BillingError>> {
  if (payment.minor <= 0n) return err({ code: 'invalid', field: 'minor', reason: 'a payment is more than nothing' });
  const owed = await lockDue(client, payment);
  if (!owed) return err({ code: 'notFound', what: 'invoice' });
  if (owed.currency !== payment.currency)
    return err({ code: 'invalid', field: 'currency', reason: `the invoice is in ${owed.currency}` });
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
  if (!rows[0]) return bookedBefore(client, payment);
  const paid = smaller(payment.minor, owed.due);
  if (paid > 0n)
    await client.query(
      `UPDATE invoice_settlement SET paid_minor = paid_minor + $2, version = version + 1,
         state = CASE WHEN due_minor = $2 THEN 'paid' ELSE state END WHERE invoice_id = $1`,
      [payment.invoiceId, String(paid)],
    );
  if (payment.invoiceId !== undefined && paid > 0n && paid === owed.due)
    await announcePaid(client, payment.partnerId, payment.invoiceId, payment.receivedAt);
  const { partnerId, currency, receivedAt: at } = payment;
  if (payment.invoiceId !== undefined) await refreshPause(client, payment.invoiceId, at);
  await post(client, { name: `payment~${rows[0].id}`, partnerId, currency, at }, [
    { account: 'cash', minor: payment.minor },
    { account: 'receivable', minor: -paid },
    { account: 'wallet', minor: paid - payment.minor },
  ]);
  return ok(true);
}

/** The same payment again is nothing new; another one under its reference is somebody's mistake. */
async function bookedBefore(client: Queryable, payment: ReceivedPayment): Promise<Result<boolean, BillingError>> {
  const { rows } = await client.query<{
    partner_id: string;
    invoice_id: string | null;
    minor: string;
    currency: string;
  }>('SELECT partner_id, invoice_id, minor, currency FROM payment WHERE method = $1 AND reference = $2', [
    payment.method,
    payment.reference,
  ]);
  const booked = present(rows[0], 'payment');
  const same =
    booked.partner_id === payment.partnerId &&
    booked.invoice_id === (payment.invoiceId ?? null) &&
    BigInt(booked.minor) === payment.minor &&
    booked.currency === payment.currency;
  return same ? ok(false) : err({ code: 'conflict', what: `another payment has the reference ${payment.reference}` });
}

/** What is still owed on the invoice, locked; nothing for a top-up. */
async function lockDue(
  client: Queryable,
  { partnerId, invoiceId, currency }: ReceivedPayment,
): Promise<{ readonly due: bigint; readonly currency: string } | undefined> {
  if (invoiceId === undefined) return { due: 0n, currency };
  const { rows } = await client.query<{ due_minor: string; currency: string }>(
    `SELECT due_minor, currency FROM invoice_settlement settlement JOIN invoice ON invoice.id = settlement.invoice_id
     WHERE settlement.invoice_id = $1 AND settlement.partner_id = $2 FOR UPDATE OF settlement`,
    [invoiceId, partnerId],
  );
  return rows[0] && { due: BigInt(rows[0].due_minor), currency: rows[0].currency };
}
