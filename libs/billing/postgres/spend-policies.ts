import type { BillingError } from '#billing/api';
import type { Database, Queryable } from '#database';
import { err, ok, present, type Result } from '#stdx';

/** What a partner wants to be told of its spending. Amounts are minor units a month, net. */
export interface SpendPolicy {
  readonly budget: bigint | null;
  readonly cap: 'off' | 'soft' | 'hard';
  readonly capMinor: bigint | null;
  readonly version: number;
  readonly thresholds: readonly SpendThreshold[];
}

export interface SpendThreshold {
  readonly id: string;
  /** One of both. */
  readonly minor: bigint | null;
  /** Of the budget. */
  readonly percent: number | null;
}

export interface SpendAlert {
  readonly month: string;
  readonly threshold: string;
  readonly limit: bigint;
  readonly spend: bigint;
  readonly currency: string;
  readonly at: Date;
}

export type SpendPolicyChange = {
  readonly [Field in 'budget' | 'cap' | 'capMinor']?: SpendPolicy[Field] | undefined;
};

/** Each may be told at once; more than these nobody tells apart. */
const THRESHOLDS_MAX = 20;

/** Each partner has one policy; until something is said, it tells nothing and caps nothing. */
export class SpendPolicies {
  constructor(private readonly database: Database) {}

  show(partnerId: string): Promise<SpendPolicy> {
    return this.database.transaction((client) => lockPolicy(client, partnerId));
  }

  /** `version`: the one the change is made to; any without. */
  update(
    partnerId: string,
    version: number | undefined,
    change: SpendPolicyChange,
  ): Promise<Result<SpendPolicy, BillingError | { readonly code: 'stale' }>> {
    return this.database.transaction(async (client) => {
      const now = await lockPolicy(client, partnerId);
      if (version !== undefined && version !== now.version) return err({ code: 'stale' });
      const { budget = now.budget, cap = now.cap, capMinor = now.capMinor } = change;
      if (cap !== 'off' && capMinor === null)
        return err({ code: 'invalid', field: 'capMinor', reason: 'a cap needs an amount' });
      if (budget === null && now.thresholds.some(({ percent }) => percent !== null))
        return err({ code: 'invalid', field: 'budgetMinor', reason: 'there are thresholds in percent of it' });
      await client.query(
        'UPDATE spend_policy SET budget_minor = $2, cap = $3, cap_minor = $4, version = version + 1 WHERE partner_id = $1',
        [partnerId, budget === null ? null : String(budget), cap, capMinor === null ? null : String(capMinor)],
      );
      return ok(await lockPolicy(client, partnerId));
    });
  }

  /** Adds a threshold; one that is there already is given again. */
  addThreshold(
    partnerId: string,
    threshold: Omit<SpendThreshold, 'id'>,
  ): Promise<Result<SpendThreshold, BillingError>> {
    const { minor, percent } = threshold;
    return this.database.transaction(async (client) => {
      const policy = await lockPolicy(client, partnerId);
      if ((minor === null) === (percent === null))
        return err({ code: 'invalid', field: 'amountMinor', reason: 'an amount, or percent of the budget' });
      if (percent !== null && policy.budget === null)
        return err({ code: 'invalid', field: 'percent', reason: 'there is no budget yet to have percent of' });
      const known = policy.thresholds.find((one) => one.minor === minor && one.percent === percent);
      if (known) return ok(known);
      if (policy.thresholds.length >= THRESHOLDS_MAX)
        return err({ code: 'conflict', what: `a partner has at most ${THRESHOLDS_MAX} thresholds` });
      const { rows } = await client.query<{ id: string }>(
        'INSERT INTO spend_threshold (partner_id, minor, percent) VALUES ($1, $2, $3) RETURNING id',
        [partnerId, minor === null ? null : String(minor), percent],
      );
      return ok({ id: present(rows[0], 'threshold').id, ...threshold });
    });
  }

  async deleteThreshold(partnerId: string, id: string): Promise<Result<void, BillingError>> {
    const gone = await this.database.query(
      'DELETE FROM spend_threshold WHERE partner_id = $1 AND id::text = $2 RETURNING id',
      [partnerId, id],
    );
    return gone.length > 0 ? ok(undefined) : err({ code: 'notFound', what: 'threshold' });
  }

  /** What was told, the newest first; only of one month, if one is named. */
  alerts(partnerId: string, limit: number, month?: string): Promise<SpendAlert[]> {
    return this.database.asPartner(partnerId, async (client) => {
      const { rows } = await client.query<{
        month: string;
        threshold: string;
        limit_minor: string;
        spend_minor: string;
        currency: string;
        at: Date;
      }>(
        `SELECT * FROM spend_alert WHERE partner_id = $1 AND ($2::text IS NULL OR month = $2)
         ORDER BY at DESC, threshold LIMIT $3`,
        [partnerId, month ?? null, limit],
      );
      return rows.map((row) => ({
        month: row.month,
        threshold: row.threshold,
        limit: BigInt(row.limit_minor),
        spend: BigInt(row.spend_minor),
        currency: row.currency,
        at: row.at,
      }));
    });
  }
}

/** The policy with its thresholds, made with its defaults when there is none, and locked. */
export async function lockPolicy(client: Queryable, partnerId: string): Promise<SpendPolicy> {
  await client.query('INSERT INTO spend_policy (partner_id) VALUES ($1) ON CONFLICT DO NOTHING', [partnerId]);
  const { rows } = await client.query<{
    budget_minor: string | null;
    cap: SpendPolicy['cap'];
    cap_minor: string | null;
    version: number;
  }>('SELECT budget_minor, cap, cap_minor, version FROM spend_policy WHERE partner_id = $1 FOR UPDATE', [partnerId]);
  const row = present(rows[0], 'spend policy');
  const thresholds = await client.query<{ id: string; minor: string | null; percent: number | null }>(
    'SELECT id, minor, percent FROM spend_threshold WHERE partner_id = $1 ORDER BY minor, percent',
    [partnerId],
  );
  return {
    budget: row.budget_minor === null ? null : BigInt(row.budget_minor),
    cap: row.cap,
    capMinor: row.cap_minor === null ? null : BigInt(row.cap_minor),
    version: row.version,
    thresholds: thresholds.rows.map(({ id, minor, percent }) => ({
      id,
      minor: minor === null ? null : BigInt(minor),
      percent,
    })),
  };
}
