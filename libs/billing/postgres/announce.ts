import { INVOICE_TOPIC, type InvoiceEvent } from '#billing/api';
import type { Queryable } from '#database';

/** Writes an event with the fact it tells of, in the caller's transaction. */
export async function announce(client: Queryable, partnerId: string, event: InvoiceEvent): Promise<void> {
  await client.query('INSERT INTO outbox (partner_id, topic, payload) VALUES ($1, $2, $3)', [
    partnerId,
    INVOICE_TOPIC,
    JSON.stringify(event),
  ]);
}
