import type { BillingError } from '#billing/api';
import { billingPeriod, monthAfter, monthOf } from '#billing/rating';
import type { Database, Queryable } from '#database';
import { type Clock, err, ok, type Result } from '#stdx';
import { type Agreement, faultOfStart, lockAgreement } from './agreement.ts';
import { recordChange } from './billing-changes.ts';

/** Taken off whole months, in the order they were given. */
export interface AgreedCoupon {
  readonly id: string;
  readonly description: string;
  /** Decimal; null for an amount. */
  readonly percent: string | null;
  /** Minor units of the currency of the prices; null for a percentage. */
  readonly minor: string | null;
  readonly from: Date;
  readonly to: Date | null;
}

export interface NewCoupon {
  readonly description: string;
  readonly off: { readonly percent: string } | { readonly minor: bigint };
  /** The first, `2026-04`. */
  readonly month: string;
  /** How many; null for ever. */
  readonly months: number | null;
}

const COLUMNS = 'id, description, trim_scale(percent)::text AS percent, minor::text, started AS "from", ended AS "to"';

/** Coupons. */
export class Coupons {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  list(partnerId: string): Promise<AgreedCoupon[]> {
    return this.database.query<AgreedCoupon & { [column: string]: unknown }>(
      `SELECT ${COLUMNS} FROM coupon WHERE partner_id = $1 ORDER BY created_at, id`,
      [partnerId],
    );
  }

  /** From the start of a month that is not billed yet. */
  add(partnerId: string, coupon: NewCoupon, actor: string): Promise<Result<AgreedCoupon, BillingError>> {
    return this.database.transaction(async (client): Promise<Result<AgreedCoupon, BillingError>> => {
      const agreement = await lockAgreement(client, partnerId);
      if (!agreement) return err({ code: 'notFound', what: 'partner' });
      const { description, off, month, months } = coupon;
      const percent = 'percent' in off ? off.percent : null;
      if (percent !== null && !(Number(percent) > 0 && Number(percent) <= 100))
        return err({ code: 'invalid', field: 'percent', reason: 'it is more than 0 and at most 100' });
      const from = startOf(agreement, month);
      const fault = faultOfMonth(agreement, 'from', from);
      if (fault) return err(fault);
      // They apply in this order: two of one instant would have none.
      const { rows } = await client.query<AgreedCoupon>(
        `INSERT INTO coupon (partner_id, description, percent, minor, started, ended, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, greatest($7, (SELECT max(created_at) + interval '1 millisecond' FROM coupon WHERE partner_id = $1))) RETURNING ${COLUMNS}`,
        [
          partnerId,
          description,
          percent,
          'minor' in off ? String(off.minor) : null,
          new Date(from),
          months === null ? null : new Date(startOf(agreement, monthAfter(month, months))),
          new Date(this.clock.now()),
        ],
      );
      await this.record(client, partnerId, actor, null, rows[0]!);
      return ok(rows[0]!);
    });
  }

  /** It takes nothing off `month` and what follows (default: the month after the running one); one that never did goes altogether. */
  end(partnerId: string, id: string, month: string | undefined, actor: string): Promise<Result<void, BillingError>> {
    return this.database.transaction(async (client): Promise<Result<void, BillingError>> => {
      const agreement = await lockAgreement(client, partnerId);
      if (!agreement) return err({ code: 'notFound', what: 'partner' });
      const found = await client.query<AgreedCoupon>(
        `SELECT ${COLUMNS} FROM coupon WHERE partner_id = $1 AND id::text = $2`,
        [partnerId, id],
      );
      const before = found.rows[0];
      if (!before) return err({ code: 'notFound', what: 'coupon' });
      const running = monthOf(this.clock.now(), agreement.zone, agreement.anchorDay);
      const until = startOf(agreement, month ?? monthAfter(running));
      if (before.to !== null && before.to.getTime() <= until) return ok(undefined);
      const gone = until <= before.from.getTime();
      const fault = faultOfMonth(agreement, 'month', gone ? before.from.getTime() : until);
      if (fault) return err(fault);
      if (gone) await client.query('DELETE FROM coupon WHERE id = $1', [before.id]);
      else await client.query('UPDATE coupon SET ended = $2 WHERE id = $1', [before.id, new Date(until)]);
      await this.record(client, partnerId, actor, before, gone ? null : { ...before, to: new Date(until) });
      return ok(undefined);
    });
  }

  private record(
    client: Queryable,
    partnerId: string,
    actor: string,
    before: AgreedCoupon | null,
    after: AgreedCoupon | null,
  ): Promise<void> {
    return recordChange(client, partnerId, this.clock.now(), { what: 'coupon', actor, before, after });
  }
}

const startOf = ({ zone, anchorDay }: Agreement, month: string): number => billingPeriod(month, zone, anchorDay).from;

/** The month a subscription begins in may have begun before it. */
const faultOfMonth = (agreement: Agreement, field: string, from: number): BillingError | undefined => {
  const { first, zone, anchorDay } = agreement;
  return faultOfStart(agreement, startOf(agreement, monthOf(first, zone, anchorDay)), field, from);
};
