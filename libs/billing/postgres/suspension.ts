import type { Queryable } from '#database';
import { announce } from './announce.ts';

/**
 * Whether not paying may end in suspension: not where the operator said so, and not of whoever owns a cluster that others
 * use, since its own mail system would fall silent.
 */
export async function suspensionAllowed(client: Queryable, partnerId: string): Promise<boolean> {
  const { rows } = await client.query<{ allowed: boolean }>(
    `SELECT coalesce((SELECT suspendable FROM billing_profile WHERE partner_id = $1), true)
       AND NOT EXISTS (SELECT FROM cluster WHERE partner_id = $1 AND shared) AS allowed`,
    [partnerId],
  );
  return rows[0]?.allowed === true;
}

/** Ends a partner's sign-in and sending over an unpaid invoice; hubs hear of it through the directory's announcements. */
export async function suspend(client: Queryable, partnerId: string, invoiceId: string, at: Date): Promise<boolean> {
  const { rowCount } = await client.query(
    `UPDATE partner SET state = 'suspended', version = version + 1 WHERE id = $1 AND state = 'active'`,
    [partnerId],
  );
  const running = await client.query('SELECT FROM partner_suspension WHERE partner_id = $1 AND restored_at IS NULL', [
    partnerId,
  ]);
  // Suspended by an operator, for reasons of its own: paying must not end that.
  if (rowCount === 0 && running.rowCount === 0) return false;
  await client.query('INSERT INTO partner_suspension (partner_id, invoice_id, suspended_at) VALUES ($1, $2, $3)', [
    partnerId,
    invoiceId,
    at,
  ]);
  if (rowCount !== 0) await announce(client, partnerId, { type: 'partner.suspended', invoiceId });
  return rowCount !== 0;
}

/** Gives sign-in and sending back once nothing is owed any more of what they were taken for. */
export async function restoreIfPaid(client: Queryable, partnerId: string, at: Date): Promise<boolean> {
  const { rows } = await client.query<{ invoice_id: string }>(
    `UPDATE partner_suspension suspension SET restored_at = $2 FROM invoice_settlement settlement
     WHERE suspension.partner_id = $1 AND restored_at IS NULL AND settlement.invoice_id = suspension.invoice_id
       AND settlement.state IN ('paid', 'void') RETURNING suspension.invoice_id`,
    [partnerId, at],
  );
  const last = rows.at(-1);
  if (!last) return false;
  const { rowCount: running } = await client.query(
    'SELECT FROM partner_suspension WHERE partner_id = $1 AND restored_at IS NULL',
    [partnerId],
  );
  if (running !== 0) return false;
  const { rowCount } = await client.query(
    `UPDATE partner SET state = 'active', version = version + 1 WHERE id = $1 AND state = 'suspended'`,
    [partnerId],
  );
  if (rowCount !== 0) await announce(client, partnerId, { type: 'partner.restored', invoiceId: last.invoice_id });
  return rowCount !== 0;
}

/** An invoice has just been paid in full: told, and what was suspended over it comes back. In the caller's transaction. */
export async function announcePaid(client: Queryable, partnerId: string, invoiceId: string, at: Date): Promise<void> {
  await announce(client, partnerId, { type: 'invoice.paid', invoiceId });
  await restoreIfPaid(client, partnerId, at);
}
