import type { StatementEntry, StatementRecord } from '#billing/invoice';
import { billingPeriod, monthAfter } from '#billing/rating';
import type { Database } from '#database';
import { type Clock, present } from '#stdx';
import { partiesOf } from './parties.ts';

/** Accounts of what was invoiced, credited and paid. */
export class Statements {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** Whole calendar months of the partner's time zone, `YYYY-MM` both, in one currency. */
  async statement(partnerId: string, first: string, last: string, currency?: string): Promise<StatementRecord> {
    return this.database.transaction(async (client) => {
      const { rows: partners } = await client.query<{ time_zone: string; currency: string }>(
        'SELECT time_zone, currency FROM partner WHERE id = $1',
        [partnerId],
      );
      const partner = present(partners[0], 'partner');
      const zone = partner.time_zone;
      const from = billingPeriod(first, zone).from;
      const to = billingPeriod(monthAfter(last), zone).from;
      const { rows } = await client.query<{ at: Date; kind: StatementEntry['kind']; reference: string; minor: string }>(
        `SELECT * FROM (
           SELECT issued_at AS at, 'invoice' AS kind, number AS reference, total_minor AS minor FROM invoice
             WHERE partner_id = $1 AND state = 'finalized' AND currency = $2
           UNION ALL
           SELECT note.issued_at, 'creditNote', note.number, -note.total_minor FROM credit_note note
             JOIN invoice ON invoice.id = invoice_id WHERE note.partner_id = $1 AND currency = $2
           UNION ALL
           SELECT received_at, 'payment', reference, -minor FROM payment WHERE partner_id = $1 AND currency = $2
           UNION ALL
           SELECT refund.updated_at, 'refund', note.number, refund.minor FROM refund JOIN credit_note note ON note.id = credit_note_id
             WHERE refund.partner_id = $1 AND currency = $2 AND state = 'succeeded' AND method <> 'wallet'
         ) entry WHERE at < $3 ORDER BY at, kind DESC, reference`,
        [partnerId, currency ?? partner.currency, new Date(to)],
      );
      let balance = 0n;
      let opening = 0n;
      const entries: StatementEntry[] = [];
      for (const { at, kind, reference, minor } of rows) {
        balance += BigInt(minor);
        if (at.getTime() < from) opening = balance;
        else entries.push({ at: at.getTime(), kind, reference, minor: BigInt(minor), balance });
      }
      const { seller, customer } = await partiesOf(client, partnerId);
      return {
        seller,
        customer,
        zone,
        currency: currency ?? partner.currency,
        from,
        to,
        madeAt: this.clock.now(),
        opening,
        closing: balance,
        entries,
      };
    });
  }
}
