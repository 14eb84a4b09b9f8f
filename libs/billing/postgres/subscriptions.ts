import { type BillingError, DEFAULT_PRICE_LIST_VERSION } from '#billing/api';
import { startOfDay } from '#billing/rating';
import type { Database, Queryable } from '#database';
import { err, ok, type Result } from '#stdx';

interface Current {
  readonly id: string;
  readonly time_zone: string;
  readonly segment: string;
  readonly version: string;
  readonly started: Date;
}

/** Which prices a partner has, from when. */
export class Subscriptions {
  constructor(private readonly database: Database) {}

  /**
   * From the local date of `at` on, a partner pays by another price list version; that whole date belongs to it. Asked
   * again for the same, nothing changes. A date before the running prices began is refused: what was billed stays.
   */
  async change(partnerId: string, version: string, at: number): Promise<Result<void, BillingError>> {
    return this.database.transaction(async (client) => {
      const current = await this.current(client, partnerId);
      if (!current) return err({ code: 'notFound', what: 'partner' });
      const listed = await client.query(
        'SELECT FROM price_list_version WHERE id = $1 AND (partner_id IS NULL OR partner_id = $2)',
        [version, partnerId],
      );
      if (listed.rowCount === 0) return err({ code: 'notFound', what: 'priceList' });
      if (current.version === version) return ok(undefined);
      const from = new Date(startOfDay(at, current.time_zone));
      if (from < current.started)
        return err({ code: 'invalid', field: 'at', reason: 'the prices in force began later than that' });
      // On the very date the running prices began they are replaced: they held for no date at all.
      if (from.getTime() === current.started.getTime())
        await client.query('UPDATE subscription_segment SET price_list_version_id = $2 WHERE id = $1', [
          current.segment,
          version,
        ]);
      else {
        await client.query('UPDATE subscription_segment SET ended = $2 WHERE id = $1', [current.segment, from]);
        await client.query(
          `INSERT INTO subscription_segment (partner_id, subscription_id, price_list_version_id, started) VALUES ($1, $2, $3, $4)`,
          [partnerId, current.id, version, from],
        );
      }
      return ok(undefined);
    });
  }

  /** The running subscription, locked; made by the default price list when there is none yet. */
  private async current(client: Queryable, partnerId: string): Promise<Current | undefined> {
    const partner = await client.query<{ time_zone: string; created_at: Date }>(
      'SELECT time_zone, created_at FROM partner WHERE id = $1 FOR UPDATE',
      [partnerId],
    );
    const row = partner.rows[0];
    if (!row) return undefined;
    const found = await running(client, partnerId);
    if (found) return found;
    const started = new Date(startOfDay(row.created_at.getTime(), row.time_zone));
    const made = await client.query<{ id: string }>(
      'INSERT INTO subscription (partner_id, time_zone, started) VALUES ($1, $2, $3) RETURNING id',
      [partnerId, row.time_zone, started],
    );
    await client.query(
      'INSERT INTO subscription_segment (partner_id, subscription_id, price_list_version_id, started) VALUES ($1, $2, $3, $4)',
      [partnerId, made.rows[0]!.id, DEFAULT_PRICE_LIST_VERSION, started],
    );
    return running(client, partnerId);
  }
}

async function running(client: Queryable, partnerId: string): Promise<Current | undefined> {
  const { rows } = await client.query<Current>(
    `SELECT subscription.id, time_zone, segment.id AS segment, price_list_version_id AS version, segment.started
     FROM subscription JOIN subscription_segment segment ON segment.subscription_id = subscription.id
     WHERE subscription.partner_id = $1 AND subscription.ended IS NULL AND segment.ended IS NULL`,
    [partnerId],
  );
  return rows[0];
}
