import { type BillingError, DEFAULT_PRICE_LIST_VERSION } from '#billing/api';
import { isoDay, localDay, startOfDay, startOfLocalDay } from '#billing/rating';
import type { Queryable } from '#database';
import { present } from '#stdx';

/** A local date (`2026-04-11`), or an instant in one. */
export type When = string | number;

/** A partner's running or last subscription, locked with its partner: whoever changes terms waits here for another. */
export interface Agreement {
  readonly subscriptionId: string;
  readonly zone: string;
  readonly anchorDay: number;
  /** Of that subscription. */
  readonly started: number;
  /** Of the partner's first. */
  readonly first: number;
  readonly ended: number | null;
  /** The end of the last month whose bill is final; nothing before it can be agreed otherwise. */
  readonly billedUntil: number;
}

interface Row {
  readonly id: string;
  readonly time_zone: string;
  readonly anchor_day: number;
  readonly started: Date;
  readonly ended: Date | null;
  readonly first: Date;
}

/** Nothing when there is no such partner. One that has agreed nothing yet subscribes to the default prices with it. */
export async function lockAgreement(client: Queryable, partnerId: string): Promise<Agreement | undefined> {
  const partner = await client.query<{ time_zone: string; created_at: Date }>(
    'SELECT time_zone, created_at FROM partner WHERE id = $1 FOR UPDATE',
    [partnerId],
  );
  const row = partner.rows[0];
  if (!row) return undefined;
  const last = (await lastOf(client, partnerId)) ?? (await subscribe(client, partnerId, row));
  const { rows } = await client.query<{ until: Date | null }>(
    `SELECT max(period_end) AS until FROM invoice WHERE partner_id = $1 AND kind = 'period' AND state IN ('finalized', 'skipped')`,
    [partnerId],
  );
  return {
    subscriptionId: last.id,
    zone: last.time_zone,
    anchorDay: last.anchor_day,
    started: startOfDay(last.started.getTime(), last.time_zone),
    first: startOfDay(last.first.getTime(), last.time_zone),
    ended: last.ended?.getTime() ?? null,
    billedUntil: rows[0]?.until?.getTime() ?? Number.NEGATIVE_INFINITY,
  };
}

async function lastOf(client: Queryable, partnerId: string): Promise<Row | undefined> {
  const { rows } = await client.query<Row>(
    `SELECT id, time_zone, anchor_day, started, ended, min(started) OVER () AS first FROM subscription
     WHERE partner_id = $1 ORDER BY started DESC LIMIT 1`,
    [partnerId],
  );
  return rows[0];
}

async function subscribe(
  client: Queryable,
  partnerId: string,
  { time_zone, created_at }: { readonly time_zone: string; readonly created_at: Date },
): Promise<Row> {
  const started = new Date(startOfDay(created_at.getTime(), time_zone));
  const made = await client.query<{ id: string }>(
    'INSERT INTO subscription (partner_id, time_zone, started) VALUES ($1, $2, $3) RETURNING id',
    [partnerId, time_zone, started],
  );
  await client.query(
    'INSERT INTO subscription_segment (partner_id, subscription_id, price_list_version_id, started) VALUES ($1, $2, $3, $4)',
    [partnerId, made.rows[0]!.id, DEFAULT_PRICE_LIST_VERSION, started],
  );
  return present(await lastOf(client, partnerId), 'the subscription just made');
}

/** First instant of the date. */
export const instantOf = (when: When, zone: string): number =>
  typeof when === 'number' ? startOfDay(when, zone) : startOfLocalDay(Date.parse(when) / 86_400_000, zone);

export const dateOf = (instant: number, zone: string): string => isoDay(localDay(instant, zone));

/** Why nothing can be agreed from `from` on, when it cannot; `began`: what it is agreed for begins then. */
export function faultOfStart(
  { billedUntil, zone }: Agreement,
  began: number,
  field: string,
  from: number,
): BillingError | undefined {
  if (from < began) return { code: 'invalid', field, reason: `the subscription begins on ${dateOf(began, zone)}` };
  if (from < billedUntil)
    return { code: 'invalid', field, reason: `what was before ${dateOf(billedUntil, zone)} is billed` };
  return undefined;
}
