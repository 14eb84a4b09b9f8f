import type { Queryable } from '#database';
import { present } from '#stdx';
import { findRun, type RatingRun } from './rating-runs.ts';

/** A line that late use made, with the rating that showed it. */
export interface LateLine {
  readonly run: RatingRun;
  readonly charge: { readonly component: string; readonly priceVersion: string; readonly net: bigint };
  /** Counted (or no longer counted) between the rating before and this one. */
  readonly events: readonly LateEvent[];
}

export interface LateEvent {
  readonly seq: string;
  readonly meter: string;
  readonly subject: string;
  /** Milliseconds. */
  readonly at: number;
  readonly kind: string;
  readonly amount: string | null;
}

/** Facts shown of one late line; the usage pages have all. */
const EVENTS_MAX = 10_000;

/** The n-th late line of an invoice: in the order they were composed. */
export async function lateLine(
  client: Queryable,
  partnerId: string,
  invoiceId: string,
  index: number,
): Promise<LateLine> {
  const { rows } = await client.query<{
    run_id: string;
    service_month: string;
    component: string;
    price_version: string;
    net_minor: string;
  }>(
    `SELECT charge.* FROM late_charge charge LEFT JOIN late_charge_billed billed ON billed.late_charge_id = charge.id
     JOIN invoice ON invoice.id = $1
     WHERE charge.partner_id = $2 AND (billed.invoice_id = $1 OR billed.invoice_id IS NULL AND invoice.state IN ('grace', 'failed'))
     ORDER BY service_month, component, price_version, charge.id OFFSET $3 LIMIT 1`,
    [invoiceId, partnerId, index],
  );
  const charge = present(rows[0], 'the late charge of a line');
  const run = present(await findRun(client, partnerId, charge.service_month, charge.run_id), 'rating run');
  return {
    run,
    charge: { component: charge.component, priceVersion: charge.price_version, net: BigInt(charge.net_minor) },
    events: await between(client, run),
  };
}

async function between(client: Queryable, run: RatingRun): Promise<LateEvent[]> {
  const { rows } = await client.query<{
    seq: string;
    meter: string;
    subject: string;
    at: Date;
    kind: string;
    amount: string | null;
  }>(
    `WITH before AS (
       SELECT coalesce(max(cutoff_seq), 0) AS seq FROM rating_run WHERE partner_id = $1 AND month = $2 AND cutoff_seq < $3)
     SELECT event.seq, meter, subject, at, kind, trim_scale(quantity)::text AS amount FROM usage_event event, before
     WHERE partner_id = $1 AND event.seq > before.seq AND event.seq <= $3 AND at < $4
     UNION ALL
     SELECT event.seq, meter, subject, at, 'voided ' || kind, trim_scale(quantity)::text
     FROM before, usage_void void JOIN usage_event event ON event.partner_id = void.partner_id AND event.seq = void.event_seq
     WHERE void.partner_id = $1 AND void.seq > before.seq AND void.seq <= $3 AND at < $4
     ORDER BY at, seq LIMIT ${EVENTS_MAX}`,
    [run.partnerId, run.month, String(run.cutoff), new Date(run.asOf)],
  );
  return rows.map(({ at, ...event }) => ({ ...event, at: at.getTime() }));
}
