import type { BillingError } from '#billing/api';
import type { Database, Queryable } from '#database';
import { type Clock, err, ok, type Result } from '#stdx';
import { faultOfStart, instantOf, lockAgreement, type When } from './agreement.ts';
import { recordChange } from './billing-changes.ts';

/** A least amount a full month, in major units of the currency of the prices, over whole local dates. */
export interface AgreedCommitment {
  readonly id: string;
  /** Decimal. */
  readonly amount: string;
  readonly from: Date;
  readonly to: Date | null;
}

export interface NewCommitment {
  readonly amount: string;
  readonly from: When;
  /** The first date it does not hold; null for ever. */
  readonly to: When | null;
}

const COLUMNS = 'id, trim_scale(amount)::text AS amount, started AS "from", ended AS "to"';

/** Minimum commitments: one at a time, so that none is missing twice. */
export class Commitments {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  list(partnerId: string): Promise<AgreedCommitment[]> {
    return this.database.query<AgreedCommitment & { [column: string]: unknown }>(
      `SELECT ${COLUMNS} FROM commitment WHERE partner_id = $1 ORDER BY started, id`,
      [partnerId],
    );
  }

  /** Whole dates, of which none is billed yet. */
  add(
    partnerId: string,
    { amount, from, to }: NewCommitment,
    actor: string,
  ): Promise<Result<AgreedCommitment, BillingError>> {
    return this.database.transaction(async (client): Promise<Result<AgreedCommitment, BillingError>> => {
      const agreement = await lockAgreement(client, partnerId);
      if (!agreement) return err({ code: 'notFound', what: 'partner' });
      if (/^[0.]*$/.test(amount)) return err({ code: 'invalid', field: 'amount', reason: 'it is more than nothing' });
      const span = {
        from: instantOf(from, agreement.zone),
        to: to === null ? null : instantOf(to, agreement.zone),
      };
      const fault = faultOfStart(agreement, agreement.first, 'from', span.from);
      if (fault) return err(fault);
      if (span.to !== null && span.to <= span.from)
        return err({ code: 'invalid', field: 'to', reason: 'it is the first date without it, after `from`' });
      const dates = [new Date(span.from), span.to === null ? null : new Date(span.to)];
      const other = await client.query(
        `SELECT FROM commitment WHERE partner_id = $1 AND tstzrange(started, ended) && tstzrange($2, $3)`,
        [partnerId, ...dates],
      );
      if (other.rowCount) return err({ code: 'conflict', what: 'another commitment holds then: end it first' });
      const { rows } = await client.query<AgreedCommitment>(
        `INSERT INTO commitment (partner_id, amount, started, ended) VALUES ($1, $2, $3, $4) RETURNING ${COLUMNS}`,
        [partnerId, amount, ...dates],
      );
      const made = rows[0]!;
      await this.record(client, partnerId, actor, null, made);
      return ok(made);
    });
  }

  /** It holds on no date from that of `at` on; one that has held on none goes altogether. */
  end(partnerId: string, id: string, at: When, actor: string): Promise<Result<void, BillingError>> {
    return this.database.transaction(async (client): Promise<Result<void, BillingError>> => {
      const agreement = await lockAgreement(client, partnerId);
      if (!agreement) return err({ code: 'notFound', what: 'partner' });
      const found = await client.query<AgreedCommitment>(
        `SELECT ${COLUMNS} FROM commitment WHERE partner_id = $1 AND id::text = $2`,
        [partnerId, id],
      );
      const before = found.rows[0];
      if (!before) return err({ code: 'notFound', what: 'commitment' });
      const until = instantOf(at, agreement.zone);
      if (before.to !== null && before.to.getTime() <= until) return ok(undefined);
      const fault = faultOfStart(agreement, agreement.first, 'at', Math.max(until, before.from.getTime()));
      if (fault) return err(fault);
      const { rows } =
        until <= before.from.getTime()
          ? await client.query<AgreedCommitment>('DELETE FROM commitment WHERE id = $1 RETURNING NULL', [before.id])
          : await client.query<AgreedCommitment>(
              `UPDATE commitment SET ended = $2 WHERE id = $1 RETURNING ${COLUMNS}`,
              [before.id, new Date(until)],
            );
      await this.record(client, partnerId, actor, before, until <= before.from.getTime() ? null : rows[0]!);
      return ok(undefined);
    });
  }

  private record(
    client: Queryable,
    partnerId: string,
    actor: string,
    before: AgreedCommitment | null,
    after: AgreedCommitment | null,
  ): Promise<void> {
    return recordChange(client, partnerId, this.clock.now(), { what: 'commitment', actor, before, after });
  }
}
