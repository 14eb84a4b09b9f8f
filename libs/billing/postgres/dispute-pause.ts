import type { Queryable } from '#database';

/** Tax included, what is disputed of an invoice (`$invoice` an expression) and so neither reminded of nor charged. */
export const disputedOf = (invoice: string): string => `coalesce((
  SELECT sum(dispute.gross_minor) FROM dispute
  LEFT JOIN billing_profile profile ON profile.partner_id = dispute.partner_id
  WHERE dispute.invoice_id = ${invoice} AND resolved_at IS NULL AND coalesce(dispute_pauses, true)), 0)`;

/**
 * While all that is due of an invoice is disputed its clock stands still; what it stood is added to its due date. To be called
 * in the transaction of whatever changes what is due or disputed.
 */
export async function refreshPause(client: Queryable, invoiceId: string, at: Date): Promise<void> {
  await client.query(
    `WITH standing AS (
       SELECT invoice_id, due_minor > 0 AND ${disputedOf('invoice_id')} >= due_minor AS is_paused
       FROM invoice_settlement WHERE invoice_id = $1)
     UPDATE invoice_settlement settlement SET
       paused_at = CASE WHEN is_paused THEN coalesce(paused_at, $2) END,
       due_at = CASE WHEN is_paused THEN due_at ELSE due_at + greatest($2 - paused_at, interval '0') END,
       version = version + 1
     FROM standing WHERE settlement.invoice_id = standing.invoice_id AND is_paused <> (paused_at IS NOT NULL)`,
    [invoiceId, at],
  );
}
