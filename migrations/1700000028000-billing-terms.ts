import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who changed what is agreed with a partner, or the operator's tax rates: for ever. */
export class BillingTerms1700000028000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      CREATE TABLE billing_change (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        -- Null for what is everybody's: tax rates.
        partner_id uuid REFERENCES partner(id),
        what text NOT NULL CHECK (what IN ('subscription', 'commitment', 'coupon', 'taxTreatment', 'taxRate')),
        actor text NOT NULL,
        -- Null where there was nothing, and where nothing is left.
        before jsonb,
        after jsonb,
        changed_at timestamptz(3) NOT NULL,
        CHECK ((partner_id IS NULL) = (what = 'taxRate'))
      )`);
    await q.query('CREATE INDEX billing_change_partner ON billing_change (partner_id, id)');
    await q.query(`SELECT rookery_protect('billing_change', '')`);
    await q.query(
      'CREATE TRIGGER never_changed BEFORE UPDATE OR DELETE ON billing_change FOR EACH ROW EXECUTE FUNCTION rookery_refuse_change()',
    );
    await q.query(
      'CREATE TRIGGER never_emptied BEFORE TRUNCATE ON billing_change FOR EACH STATEMENT EXECUTE FUNCTION rookery_refuse_change()',
    );
    await q.query('REVOKE UPDATE, DELETE ON billing_change FROM rookery_system');
  }

  async down(): Promise<void> {
    throw new Error('The timeline only goes forward.');
  }
}
