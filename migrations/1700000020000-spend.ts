import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What partners want to be told of their spending, and where it is to stop. */
export class Spend1700000020000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      CREATE TABLE spend_policy (
        partner_id uuid PRIMARY KEY REFERENCES partner(id),
        -- Minor units a month, net, in the currency of the partner's prices.
        budget_minor bigint CHECK (budget_minor > 0),
        -- soft: told when it is reached; hard: nothing that costs more is added any more. Mail is never stopped.
        cap text NOT NULL DEFAULT 'off' CHECK (cap IN ('off', 'soft', 'hard')),
        cap_minor bigint CHECK (cap_minor > 0),
        version integer NOT NULL DEFAULT 1,
        CHECK (cap = 'off' OR cap_minor IS NOT NULL)
      )`);
    await protect(q, 'spend_policy');
    await q.query(`
      CREATE TABLE spend_threshold (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        partner_id uuid NOT NULL REFERENCES spend_policy(partner_id),
        -- An amount, or percent of the budget.
        minor bigint CHECK (minor > 0),
        percent integer CHECK (percent BETWEEN 1 AND 1000),
        CHECK ((minor IS NULL) <> (percent IS NULL)),
        UNIQUE NULLS NOT DISTINCT (partner_id, minor, percent)
      )`);
    await protect(q, 'spend_threshold');
    await q.query(`
      -- What was told, once for each threshold and month.
      CREATE TABLE spend_alert (
        partner_id uuid NOT NULL REFERENCES partner(id),
        month text NOT NULL,
        -- amount~10000, percent~80, cap~10000.
        threshold text NOT NULL,
        limit_minor bigint NOT NULL,
        spend_minor bigint NOT NULL,
        currency text NOT NULL,
        at timestamptz(3) NOT NULL,
        PRIMARY KEY (partner_id, month, threshold)
      )`);
    await protect(q, 'spend_alert');
    await q.query(`
      -- What was spent when it was last looked at.
      CREATE TABLE spend_standing (
        partner_id uuid PRIMARY KEY REFERENCES partner(id),
        month text NOT NULL,
        spend_minor bigint NOT NULL,
        currency text NOT NULL,
        looked_at timestamptz(3) NOT NULL
      )`);
    await protect(q, 'spend_standing');
  }

  async down(): Promise<void> {
    throw new Error('The timeline only goes forward.');
  }
}

const protect = (q: QueryRunner, table: string): Promise<unknown> => q.query(`SELECT rookery_protect('${table}', '')`);
