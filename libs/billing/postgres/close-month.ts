import type { BillingAccounts } from '#billing/api';
import {
  type ComposedInvoice,
  composeInvoice,
  type LateCharge,
  type MonthRating,
  type RatedMonth,
} from '#billing/invoice';
import { billingPeriod, monthOf } from '#billing/rating';
import type { Database, Queryable } from '#database';
import { holdOf } from '#metering';
import { type Clock, present } from '#stdx';
import { recordRun } from './rating-runs.ts';

export interface Due {
  readonly partnerId: string;
  readonly month: string;
}

/** Makes the draft of a month that is over. It then waits out its grace time for late events and, where asked for, approval. */
export class MonthClosing {
  constructor(
    private readonly database: Database,
    private readonly accounts: BillingAccounts,
    private readonly rating: MonthRating,
    private readonly clock: Clock,
  ) {}

  /**
   * The oldest month of each partner that is over and has no invoice, however long nobody asked. Ask again after closing:
   * a partner may have several.
   */
  async due(limit: number): Promise<Due[]> {
    const now = this.clock.now();
    // Whoever has an invoice that ended within the shortest month has nothing due.
    const rows = await this.database.query<{ id: string; last_end: Date | null }>(
      `SELECT partner.id, max(period_end) AS last_end FROM partner
       LEFT JOIN invoice ON invoice.partner_id = partner.id AND invoice.kind = 'period'
       GROUP BY partner.id HAVING coalesce(max(period_end), '-infinity') <= $1 ORDER BY partner.id`,
      [new Date(now - 28 * 86_400_000)],
    );
    const due: Due[] = [];
    for (const { id, last_end } of rows) {
      if (due.length >= limit) break;
      const { zone, anchorDay, started, ended } = present(await this.accounts.find(id), 'partner');
      const from = Math.max(started, last_end?.getTime() ?? started);
      const period = billingPeriod(monthOf(from, zone, anchorDay), zone, anchorDay);
      if (period.to <= now && from < (ended ?? Number.POSITIVE_INFINITY))
        due.push({ partnerId: id, month: period.month });
    }
    return due;
  }

  /** Drafts one month. Done twice, or by two at once, it is done once. */
  async close({ partnerId, month }: Due): Promise<'drafted' | 'alreadyClosed' | 'notOver'> {
    const account = present(await this.accounts.find(partnerId, month), 'partner');
    const period = billingPeriod(month, account.zone, account.anchorDay);
    if (period.to > this.clock.now()) return 'notOver';
    const rated = await this.rating.rateTerms(account, month, period.to);
    return this.database
      .transaction(async (client) => {
        const profile = await client.query<{ grace_hours: number; approval: boolean }>(
          'SELECT grace_hours, approval FROM billing_profile WHERE partner_id = $1',
          [partnerId],
        );
        const { grace_hours, approval } = profile.rows[0] ?? { grace_hours: 24, approval: false };
        const runId = await recordRun(client, rated);
        const composed = composeInvoice(rated, await openCharges(client, partnerId), account.tax);
        const { rows } = await client.query<{ id: string }>(
          `INSERT INTO invoice (partner_id, month, period_start, period_end, grace_until, approval, run_id, currency, held, net_minor, tax_minor, total_minor)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT (partner_id, period_start, kind) DO NOTHING RETURNING id`,
          [
            partnerId,
            month,
            new Date(period.from),
            new Date(period.to),
            new Date(this.clock.now() + grace_hours * 3_600_000),
            approval,
            runId,
            rated.rated.currency,
            await holdOf(client, partnerId, new Date(period.from), new Date(period.to), null),
            ...amounts(composed),
          ],
        );
        if (!rows[0]) throw new AlreadyClosed();
        await writeLines(client, rows[0].id, rated, composed);
        return 'drafted' as const;
      })
      .catch((error: unknown) => {
        // The transaction is undone with its rating run: nothing is left of the second attempt.
        if (error instanceof AlreadyClosed) return 'alreadyClosed' as const;
        throw error;
      });
  }
}

class AlreadyClosed extends Error {}

export const amounts = ({ net, tax, total }: ComposedInvoice): string[] => [net, tax, total].map(String);

/** Late charges that are on no invoice yet. */
export async function openCharges(client: Queryable, partnerId: string): Promise<LateCharge[]> {
  const { rows } = await client.query<{
    id: string;
    service_month: string;
    component: string;
    price_version: string;
    kind: LateCharge['kind'];
    description: string;
    tax_class: string;
    net_minor: string;
  }>(
    `SELECT * FROM late_charge WHERE partner_id = $1
       AND NOT EXISTS (SELECT FROM late_charge_billed WHERE late_charge_id = late_charge.id)
     ORDER BY service_month, component, price_version, id`,
    [partnerId],
  );
  return rows.map((row) => ({
    id: row.id,
    serviceMonth: row.service_month,
    component: row.component,
    priceVersion: row.price_version,
    kind: row.kind,
    description: row.description,
    taxClass: row.tax_class,
    net: BigInt(row.net_minor),
  }));
}

/** Replaces a draft's lines and taxes. */
export async function writeLines(
  client: Queryable,
  invoiceId: string,
  { account }: RatedMonth,
  { lines, taxes }: ComposedInvoice,
): Promise<void> {
  await client.query('DELETE FROM invoice_line WHERE invoice_id = $1', [invoiceId]);
  await client.query('DELETE FROM tax_line WHERE invoice_id = $1', [invoiceId]);
  await client.query(
    `INSERT INTO invoice_line (invoice_id, partner_id, position, service_month, component, price_version, kind, description,
       quantity, unit, unit_price, evidence, tax_class, minor, discount_minor, tax_minor)
     SELECT $1, $2, ordinality, service_month, component, price_version, kind, description, quantity, unit, unit_price, evidence,
       tax_class, minor, discount_minor, tax_minor
     FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[],
       $12::text[], $13::bigint[], $14::bigint[], $15::bigint[]) WITH ORDINALITY
       AS line (service_month, component, price_version, kind, description, quantity, unit, unit_price, evidence, tax_class,
         minor, discount_minor, tax_minor, ordinality)`,
    [
      invoiceId,
      account.partnerId,
      lines.map((line) => line.serviceMonth),
      lines.map((line) => line.component),
      lines.map((line) => line.priceVersion),
      lines.map((line) => line.kind),
      lines.map((line) => line.description),
      lines.map((line) => line.quantity),
      lines.map((line) => line.unit),
      lines.map((line) => line.unitPrice),
      lines.map((line) => line.evidence),
      lines.map((line) => line.taxClass),
      lines.map((line) => String(line.minor)),
      lines.map((line) => String(line.discount)),
      lines.map((line) => String(line.tax)),
    ],
  );
  for (const { taxClass, category, percent, net, tax, note } of taxes)
    await client.query(
      `INSERT INTO tax_line (invoice_id, partner_id, tax_class, category, percent, net_minor, tax_minor, note)
       VALUES ($1, $2, $3, $4, $5::numeric / $6::numeric, $7, $8, $9)`,
      [
        invoiceId,
        account.partnerId,
        taxClass,
        category,
        String(percent.num),
        String(percent.den),
        String(net),
        String(tax),
        note,
      ],
    );
}
