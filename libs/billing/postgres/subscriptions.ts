import type { BillingError } from '#billing/api';
import { billingPeriod, monthOf } from '#billing/rating';
import type { Database, Queryable } from '#database';
import { type Clock, err, ok, type Result } from '#stdx';
import { type Agreement, dateOf, faultOfStart, instantOf, lockAgreement, type When } from './agreement.ts';
import { recordChange } from './billing-changes.ts';

interface Segment {
  readonly id: string;
  readonly version: string;
  readonly currency: string;
  readonly started: Date;
  readonly ended: Date | null;
}

type Answer = Promise<Result<void, BillingError>>;
const invalid = (field: string, reason: string) => err({ code: 'invalid', field, reason } as const);

/** Which prices a partner has, from when, and until when at all. Each change is written down with who made it. */
export class Subscriptions {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** Price list version → the list's name, and which version of it that is. */
  async plans(partnerId: string): Promise<ReadonlyMap<string, { readonly name: string; readonly version: number }>> {
    const rows = await this.database.query<{ id: string; name: string; version: number }>(
      `SELECT version.id, name, version.version FROM price_list_version version JOIN price_list ON price_list.id = price_list_id
       WHERE version.partner_id IS NULL OR version.partner_id = $1`,
      [partnerId],
    );
    return new Map(rows.map(({ id, name, version }) => [id, { name, version }]));
  }

  /**
   * From the local date of `at` on, a partner pays by another price list version; that whole date belongs to it, and it takes the
   * place of whatever was to come after. Asked again for the same, nothing changes. A date in a billed month is refused: what was
   * billed stays. After the end of a subscription it begins another.
   */
  change(partnerId: string, version: string, at: When, actor: string): Answer {
    return this.database.transaction(async (client): Answer => {
      const agreement = await lockAgreement(client, partnerId);
      if (!agreement) return err({ code: 'notFound', what: 'partner' });
      const currency = await currencyOf(client, partnerId, version);
      if (currency === undefined) return err({ code: 'notFound', what: 'priceList' });
      const from = instantOf(at, agreement.zone);
      const segments = await segmentsOf(client, partnerId);
      const held = segments.find(
        ({ started, ended }) => started.getTime() <= from && (ended === null || from < ended.getTime()),
      );
      if (held && held === segments.at(-1) && held.version === version) return ok(undefined);
      const fault =
        faultOfStart(agreement, agreement.started, 'from', from) ??
        faultOfCurrency(agreement, segments, currency, from);
      if (fault) return err(fault);
      const again = agreement.ended !== null && from >= agreement.ended;
      if (again) await this.again(client, partnerId, agreement, version, new Date(from));
      else await cutAt(client, agreement.subscriptionId, new Date(from));
      if (!again)
        await client.query(
          `INSERT INTO subscription_segment (partner_id, subscription_id, price_list_version_id, started, ended) VALUES ($1, $2, $3, $4, $5)`,
          [
            partnerId,
            agreement.subscriptionId,
            version,
            new Date(from),
            agreement.ended === null ? null : new Date(agreement.ended),
          ],
        );
      await this.record(client, partnerId, actor, segments);
      return ok(undefined);
    });
  }

  /** The subscription has no date from that of `at` on; with null it goes on, by its last prices. */
  cancel(partnerId: string, at: When | null, actor: string): Answer {
    return this.database.transaction(async (client): Answer => {
      const agreement = await lockAgreement(client, partnerId);
      if (!agreement) return err({ code: 'notFound', what: 'partner' });
      const { subscriptionId, zone, started, ended } = agreement;
      const until = at === null ? null : instantOf(at, zone);
      if (until === ended) return ok(undefined);
      const changes = Math.min(until ?? Number.POSITIVE_INFINITY, ended ?? Number.POSITIVE_INFINITY);
      const segments = await segmentsOf(client, partnerId);
      if (until !== null && until <= started)
        return invalid('at', `the subscription begins on ${dateOf(started, zone)}: it ends after that`);
      const fault = faultOfStart(agreement, agreement.started, 'at', changes);
      if (fault) return err(fault);
      const end = until === null ? null : new Date(until);
      if (end) await cutAt(client, subscriptionId, end);
      // Prices that held to an end that has moved go on to where it is now.
      if (ended !== null && (until === null || until > ended))
        await client.query('UPDATE subscription_segment SET ended = $2 WHERE subscription_id = $1 AND ended = $3', [
          subscriptionId,
          end,
          new Date(ended),
        ]);
      await client.query('UPDATE subscription SET ended = $2 WHERE id = $1', [subscriptionId, end]);
      await this.record(client, partnerId, actor, segments);
      return ok(undefined);
    });
  }

  /** Another subscription after one that ended. A commitment is owed on no date between the two. */
  private async again(
    client: Queryable,
    partnerId: string,
    { zone, anchorDay, ended }: Agreement,
    version: string,
    from: Date,
  ): Promise<void> {
    const made = await client.query<{ id: string }>(
      'INSERT INTO subscription (partner_id, time_zone, anchor_day, started) VALUES ($1, $2, $3, $4) RETURNING id',
      [partnerId, zone, anchorDay, from],
    );
    await client.query(
      'INSERT INTO subscription_segment (partner_id, subscription_id, price_list_version_id, started) VALUES ($1, $2, $3, $4)',
      [partnerId, made.rows[0]!.id, version, from],
    );
    const over = new Date(ended ?? from);
    if (over.getTime() === from.getTime()) return;
    await client.query('DELETE FROM commitment WHERE partner_id = $1 AND started >= $2 AND started < $3', [
      partnerId,
      over,
      from,
    ]);
    await client.query(
      'UPDATE commitment SET ended = $2 WHERE partner_id = $1 AND started < $2 AND (ended IS NULL OR ended > $2)',
      [partnerId, over],
    );
  }

  private async record(client: Queryable, partnerId: string, actor: string, before: readonly Segment[]): Promise<void> {
    const after = await segmentsOf(client, partnerId);
    await recordChange(client, partnerId, this.clock.now(), {
      what: 'subscription',
      actor,
      before: { segments: before.map(spoken) },
      after: { segments: after.map(spoken) },
    });
  }
}

const spoken = ({ version, started, ended }: Segment) => ({ version, from: started, to: ended });

async function segmentsOf(client: Queryable, partnerId: string): Promise<Segment[]> {
  const { rows } = await client.query<Segment>(
    `SELECT segment.id, version.id AS version, currency, started, ended FROM subscription_segment segment
     JOIN price_list_version version ON version.id = price_list_version_id WHERE segment.partner_id = $1 ORDER BY started`,
    [partnerId],
  );
  return rows;
}

async function currencyOf(client: Queryable, partnerId: string, version: string): Promise<string | undefined> {
  const { rows } = await client.query<{ currency: string }>(
    'SELECT currency FROM price_list_version WHERE id = $1 AND (partner_id IS NULL OR partner_id = $2)',
    [version, partnerId],
  );
  return rows[0]?.currency;
}

/** A month is billed in one currency. */
function faultOfCurrency(
  { zone, anchorDay }: Agreement,
  segments: readonly Segment[],
  currency: string,
  from: number,
): BillingError | undefined {
  const begun = billingPeriod(monthOf(from, zone, anchorDay), zone, anchorDay).from;
  const other = segments.find(
    ({ started, ended, currency: own }) =>
      own !== currency && started.getTime() < from && (ended === null || ended.getTime() > begun),
  );
  if (from === begun || !other) return undefined;
  const reason = `the month's prices are in ${other.currency}: those in ${currency} can only begin with a month`;
  return { code: 'invalid', field: 'from', reason };
}

/** Nothing holds from `at` on. */
async function cutAt(client: Queryable, subscriptionId: string, at: Date): Promise<void> {
  await client.query('DELETE FROM subscription_segment WHERE subscription_id = $1 AND started >= $2', [
    subscriptionId,
    at,
  ]);
  await client.query(
    'UPDATE subscription_segment SET ended = $2 WHERE subscription_id = $1 AND (ended IS NULL OR ended > $2)',
    [subscriptionId, at],
  );
}
