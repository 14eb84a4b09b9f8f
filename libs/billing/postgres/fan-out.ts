import { INVOICE_TOPIC, type InvoiceEvent } from '#billing/api';
import type { Database, Queryable } from '#database';
import type { Clock } from '#stdx';

export type TaskKind = 'document' | 'mail' | 'collect' | 'webhook' | 'refund';

/** What each event leads to besides webhooks, which get everything they asked for. */
const FOLLOWS: Readonly<Record<InvoiceEvent['type'], readonly (readonly [TaskKind, string])[]>> = {
  'invoice.finalized': [
    ['document', 'pdf'],
    ['document', 'xml'],
    ['mail', ''],
    ['collect', ''],
  ],
  'invoice.overdue': [],
  'invoice.paid': [],
  'creditNote.issued': [
    ['document', 'pdf'],
    ['mail', ''],
  ],
  'dunning.reminder': [
    ['mail', ''],
    ['collect', ''],
  ],
  'partner.suspended': [['mail', '']],
  'partner.restored': [['mail', '']],
  'dispute.opened': [['mail', '']],
  'dispute.commented': [['mail', '']],
  'dispute.credited': [['mail', '']],
  'dispute.rejected': [['mail', '']],
  'dispute.withdrawn': [],
  'refund.requested': [['refund', '']],
  'refund.succeeded': [['mail', '']],
  'refund.failed': [['mail', '']],
  'spend.threshold': [['mail', '']],
  'spend.capReached': [['mail', '']],
};

/**
 * Turns waiting events into tasks and forgets the events, in one transaction. Any number may run at once: each takes rows
 * the others have not.
 */
export class InvoiceFanOut {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** Returns how many events were fanned out. */
  async spread(limit: number): Promise<number> {
    return this.database.transaction(async (client) => {
      const { rows } = await client.query<{ id: string; partner_id: string; payload: InvoiceEvent }>(
        'SELECT id, partner_id, payload FROM outbox WHERE topic = $1 ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED',
        [INVOICE_TOPIC, limit],
      );
      for (const { id, partner_id, payload } of rows) await this.plan(client, id, partner_id, payload);
      await client.query('DELETE FROM outbox WHERE id = ANY($1::bigint[])', [rows.map(({ id }) => id)]);
      return rows.length;
    });
  }

  private async plan(client: Queryable, outboxId: string, partnerId: string, event: InvoiceEvent): Promise<void> {
    const endpoints = await client.query<{ id: string }>(
      `SELECT id FROM webhook_endpoint WHERE partner_id = $1 AND enabled AND (events = '{}' OR $2 = ANY (events)) ORDER BY id`,
      [partnerId, event.type],
    );
    const planned = [
      // An event of an older version that nothing follows from any more.
      ...(FOLLOWS[event.type] ?? []),
      ...endpoints.rows.map(({ id }) => ['webhook', id] as const),
    ];
    await client.query(
      `INSERT INTO invoice_task (outbox_id, kind, target, partner_id, event, next_try_at, created_at)
       SELECT $1, kind, target, $2, $3, $4, $4 FROM unnest($5::text[], $6::text[]) AS planned (kind, target) ON CONFLICT DO NOTHING`,
      [
        outboxId,
        partnerId,
        JSON.stringify(event),
        new Date(this.clock.now()),
        planned.map(([kind]) => kind),
        planned.map(([, target]) => target),
      ],
    );
  }
}
