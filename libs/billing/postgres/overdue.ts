import type { Database } from '#database';
import type { Clock } from '#stdx';

/** Invoices whose day has passed unpaid. */
export class OverdueInvoices {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** Marks them and announces each once, in one transaction. Returns how many. */
  async mark(): Promise<number> {
    const rows = await this.database.query(
      `WITH late AS (
         UPDATE invoice_settlement SET state = 'overdue', version = version + 1
         WHERE state = 'open' AND due_at < $1 RETURNING invoice_id, partner_id, due_minor)
       INSERT INTO outbox (partner_id, topic, payload)
       SELECT partner_id, 'invoice', jsonb_build_object('type', 'invoice.overdue', 'invoiceId', invoice_id, 'dueMinor', due_minor)
       FROM late RETURNING id`,
      [new Date(this.clock.now())],
    );
    return rows.length;
  }
}
