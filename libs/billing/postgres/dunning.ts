import type { Database, Queryable } from '#database';
import type { Clock } from '#stdx';
import { announce } from './announce.ts';
import { DUNNING_STEPS, SUSPENSION_STEP } from './dunning-steps.ts';
import { restoreIfPaid, suspend, suspensionAllowed } from './suspension.ts';

const DAY_MS = 86_400_000;

/** Reminds of what is overdue, a day, three and seven days late; after fourteen days sign-in and sending end until it is paid. */
export class Dunning {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** Marks what is overdue and announces each once, in one transaction. Returns how many. */
  async markOverdue(): Promise<number> {
    const rows = await this.database.query(
      `WITH late AS (
         UPDATE invoice_settlement SET state = 'overdue', version = version + 1
         WHERE state = 'open' AND due_at < $1 AND paused_at IS NULL RETURNING invoice_id, partner_id, due_minor)
       INSERT INTO outbox (partner_id, topic, payload)
       SELECT partner_id, 'invoice', jsonb_build_object('type', 'invoice.overdue', 'invoiceId', invoice_id, 'dueMinor', due_minor)
       FROM late RETURNING id`,
      [new Date(this.clock.now())],
    );
    return rows.length;
  }

  /** Overdue invoices with a step due that was not taken. */
  async due(limit: number): Promise<string[]> {
    const rows = await this.database.query<{ invoice_id: string }>(
      `SELECT invoice_id FROM invoice_settlement settlement
       LEFT JOIN billing_profile profile ON profile.partner_id = settlement.partner_id
       WHERE state = 'overdue' AND paused_at IS NULL AND coalesce(reminded, true) AND EXISTS (
         SELECT FROM unnest($1::int[]) AS due (step) WHERE due_at + due.step * interval '1 day' <= $2
           AND NOT EXISTS (SELECT FROM dunning_step taken WHERE taken.invoice_id = settlement.invoice_id AND taken.step = due.step))
       ORDER BY due_at, invoice_id LIMIT $3`,
      [DUNNING_STEPS, new Date(this.clock.now()), limit],
    );
    return rows.map(({ invoice_id }) => invoice_id);
  }

  /** Takes the newest step due of one invoice and passes over those before it. Done twice, it is done once. */
  async remind(invoiceId: string): Promise<'reminded' | 'suspended' | 'nothing'> {
    return this.database.transaction(async (client) => {
      const { rows } = await client.query<{ partner_id: string; due_at: Date }>(
        `SELECT partner_id, due_at FROM invoice_settlement WHERE invoice_id = $1 AND state = 'overdue' AND paused_at IS NULL FOR UPDATE`,
        [invoiceId],
      );
      const late = rows[0];
      const now = this.clock.now();
      const steps = late ? DUNNING_STEPS.filter((step) => late.due_at.getTime() + step * DAY_MS <= now) : [];
      const step = steps.at(-1);
      if (!late || step === undefined) return 'nothing';
      const taken = await client.query<{ step: number }>(
        `INSERT INTO dunning_step (invoice_id, step, partner_id, passed_over, taken_at)
         SELECT $1, step, $2, step <> $4, $5 FROM unnest($3::int[]) AS step ON CONFLICT DO NOTHING RETURNING step`,
        [invoiceId, late.partner_id, steps, step, new Date(now)],
      );
      if (!taken.rows.some((row) => row.step === step)) return 'nothing';
      return this.act(client, late.partner_id, invoiceId, step);
    });
  }

  /** Partners whose suspension is over, whatever lost the moment of payment. */
  async restoreDue(): Promise<number> {
    const rows = await this.database.query<{ partner_id: string }>(
      `SELECT DISTINCT suspension.partner_id FROM partner_suspension suspension
       JOIN invoice_settlement settlement ON settlement.invoice_id = suspension.invoice_id
       WHERE restored_at IS NULL AND settlement.state IN ('paid', 'void')`,
    );
    for (const { partner_id } of rows)
      await this.database.transaction((client) => restoreIfPaid(client, partner_id, new Date(this.clock.now())));
    return rows.length;
  }

  private async act(
    client: Queryable,
    partnerId: string,
    invoiceId: string,
    step: number,
  ): Promise<'reminded' | 'suspended'> {
    if (step === SUSPENSION_STEP && (await suspensionAllowed(client, partnerId))) {
      if (await suspend(client, partnerId, invoiceId, new Date(this.clock.now()))) return 'suspended';
    }
    await announce(client, partnerId, { type: 'dunning.reminder', invoiceId, step });
    return 'reminded';
  }
}
