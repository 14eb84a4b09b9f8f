import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Terms (what was agreed besides prices), rating runs, invoices and credit notes. A finalized invoice, its
 * lines and credit notes are never changed, by trigger: what is still open about one is the next migration's.
 */
export class Invoicing1700000005000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    await terms(q);
    await runs(q);
    await invoices(q);
    await creditNotes(q);
  }

  async down(): Promise<void> {
    throw new Error('The timeline only goes forward.');
  }
}

async function freeze(q: QueryRunner, table: string): Promise<void> {
  await q.query(
    `CREATE TRIGGER never_changed BEFORE UPDATE OR DELETE ON ${table} FOR EACH ROW EXECUTE FUNCTION rookery_refuse_change()`,
  );
  await q.query(
    `CREATE TRIGGER never_emptied BEFORE TRUNCATE ON ${table} FOR EACH STATEMENT EXECUTE FUNCTION rookery_refuse_change()`,
  );
  await q.query(`REVOKE UPDATE, DELETE ON ${table} FROM rookery_system`);
}

const protect = (q: QueryRunner, table: string, access = ''): Promise<unknown> =>
  q.query(`SELECT rookery_protect('${table}', '${access}')`);

async function terms(q: QueryRunner): Promise<void> {
  await q.query(`
    -- Whom invoices are made out to and how they are handled.
    CREATE TABLE billing_profile (
      partner_id uuid PRIMARY KEY REFERENCES partner(id),
      legal_name text,
      address text[] NOT NULL DEFAULT '{}',
      country text CHECK (country ~ '^[A-Z]{2}$'),
      vat_id text,
      email text,
      -- How long a draft waits for late events before it is final; a day, three at most.
      grace_hours integer NOT NULL DEFAULT 24 CHECK (grace_hours BETWEEN 0 AND 72),
      -- Whether somebody must approve a draft before it is final.
      approval boolean NOT NULL DEFAULT false,
      payment_days integer NOT NULL DEFAULT 14 CHECK (payment_days BETWEEN 0 AND 90),
      -- Set by an operator over what follows from the countries; 'exempt' needs a reason.
      tax_override text CHECK (tax_override IN ('reverseCharge', 'exempt')),
      tax_reason text,
      CHECK (tax_override IS DISTINCT FROM 'exempt' OR tax_reason IS NOT NULL)
    )`);
  await protect(q, 'billing_profile');
  await q.query(`
    -- Who sells: one row. Without a country no tax is charged and invoices say so.
    CREATE TABLE billing_seller (
      one boolean PRIMARY KEY DEFAULT true CHECK (one),
      partner_id uuid REFERENCES partner(id),
      name text NOT NULL,
      address text[] NOT NULL DEFAULT '{}',
      country text CHECK (country ~ '^[A-Z]{2}$'),
      vat_id text,
      number_prefix text NOT NULL DEFAULT 'RK' CHECK (number_prefix ~ '^[A-Z0-9]{1,8}$')
    )`);
  await protect(q, 'billing_seller');
  await q.query('CREATE POLICY shared ON billing_seller FOR SELECT TO rookery_tenant USING (partner_id IS NULL)');
  await q.query(`INSERT INTO billing_seller (name) VALUES ('Rookery')`);
  await q.query(`
    CREATE TABLE tax_rate (
      country text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
      partner_id uuid REFERENCES partner(id),
      tax_class text NOT NULL DEFAULT 'standard',
      percent numeric(6, 3) NOT NULL CHECK (percent BETWEEN 0 AND 100),
      started date NOT NULL,
      PRIMARY KEY (country, tax_class, started)
    )`);
  await protect(q, 'tax_rate');
  await q.query('CREATE POLICY shared ON tax_rate FOR SELECT TO rookery_tenant USING (partner_id IS NULL)');
  // Standard rates of the European Union from September 2025 on; an operator adds rows when one changes.
  await q.query(`
    INSERT INTO tax_rate (country, percent, started) SELECT country, percent, '2025-09-01' FROM (VALUES
      ('AT', 20), ('BE', 21), ('BG', 20), ('HR', 25), ('CY', 19), ('CZ', 21), ('DK', 25), ('EE', 24), ('FI', 25.5),
      ('FR', 20), ('DE', 19), ('GR', 24), ('HU', 27), ('IE', 23), ('IT', 22), ('LV', 21), ('LT', 21), ('LU', 17),
      ('MT', 18), ('NL', 21), ('PL', 23), ('PT', 23), ('RO', 21), ('SK', 23), ('SI', 22), ('ES', 21), ('SE', 25)
    ) AS rate (country, percent)`);
  await q.query(`
    CREATE TABLE commitment (
      id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      partner_id uuid NOT NULL REFERENCES partner(id),
      -- Major units a full month, in the currency of the price list.
      amount numeric(20, 10) NOT NULL CHECK (amount >= 0),
      started timestamptz(3) NOT NULL,
      ended timestamptz(3) CHECK (ended > started)
    )`);
  await protect(q, 'commitment');
  await q.query(`
    CREATE TABLE coupon (
      id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      partner_id uuid NOT NULL REFERENCES partner(id),
      description text NOT NULL CHECK (length(description) BETWEEN 1 AND 200),
      percent numeric(6, 3) CHECK (percent > 0 AND percent <= 100),
      minor bigint CHECK (minor > 0),
      started timestamptz(3) NOT NULL,
      ended timestamptz(3) CHECK (ended > started),
      created_at timestamptz(3) NOT NULL DEFAULT now(),
      CHECK ((percent IS NULL) <> (minor IS NULL))
    )`);
  await protect(q, 'coupon');
}

async function runs(q: QueryRunner): Promise<void> {
  await q.query(`
    -- A rating of one month: with its cut-off and terms it can be made again, to the same digest, for ever.
    CREATE TABLE rating_run (
      id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      partner_id uuid NOT NULL REFERENCES partner(id),
      month text NOT NULL,
      cutoff_seq bigint NOT NULL,
      -- Usage counted up to here.
      as_of timestamptz(3) NOT NULL,
      engine_version text NOT NULL,
      -- Price versions with their dates, commitments, coupons, tax, zone and anchor, as they were.
      terms jsonb NOT NULL,
      input_digest text NOT NULL,
      digest text NOT NULL,
      net_minor bigint NOT NULL,
      created_at timestamptz(3) NOT NULL DEFAULT now()
    )`);
  await q.query('CREATE INDEX rating_run_month ON rating_run (partner_id, month, created_at)');
  await protect(q, 'rating_run');
  await freeze(q, 'rating_run');
  await q.query(`
    CREATE TABLE rated_line (
      run_id uuid NOT NULL REFERENCES rating_run(id),
      partner_id uuid NOT NULL REFERENCES partner(id),
      position integer NOT NULL,
      component text NOT NULL,
      price_version text NOT NULL,
      quantity_num numeric NOT NULL,
      quantity_den numeric NOT NULL,
      exact_num numeric NOT NULL,
      exact_den numeric NOT NULL,
      minor bigint NOT NULL,
      PRIMARY KEY (run_id, position)
    )`);
  await protect(q, 'rated_line');
  await freeze(q, 'rated_line');
}

async function invoices(q: QueryRunner): Promise<void> {
  await q.query(`
    -- Numbers without gaps: taken inside the transaction that makes the document final.
    CREATE TABLE invoice_counter (
      series text NOT NULL,
      year integer NOT NULL,
      partner_id uuid REFERENCES partner(id),
      last bigint NOT NULL DEFAULT 0,
      PRIMARY KEY (series, year)
    )`);
  await protect(q, 'invoice_counter');
  await q.query(`
    CREATE TABLE invoice (
      id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      partner_id uuid NOT NULL REFERENCES partner(id),
      kind text NOT NULL DEFAULT 'period' CHECK (kind IN ('period')),
      month text NOT NULL,
      period_start timestamptz(3) NOT NULL,
      period_end timestamptz(3) NOT NULL CHECK (period_end > period_start),
      state text NOT NULL DEFAULT 'grace' CHECK (state IN ('grace', 'failed', 'finalized', 'skipped')),
      -- Why it could not be made final; an operator tries again.
      failure text,
      grace_until timestamptz(3) NOT NULL,
      approval boolean NOT NULL DEFAULT false,
      approved_by text,
      run_id uuid NOT NULL REFERENCES rating_run(id),
      number text UNIQUE,
      currency text NOT NULL,
      net_minor bigint NOT NULL,
      tax_minor bigint NOT NULL,
      total_minor bigint NOT NULL,
      issued_at timestamptz(3),
      due_at timestamptz(3),
      -- All that its documents show, so that they come out the same whatever changes later.
      document jsonb,
      created_at timestamptz(3) NOT NULL DEFAULT now(),
      UNIQUE (partner_id, period_start, kind),
      CHECK ((state = 'finalized') = (number IS NOT NULL)),
      CHECK (total_minor = net_minor + tax_minor)
    )`);
  await q.query(`CREATE INDEX invoice_due ON invoice (state, grace_until) WHERE state IN ('grace', 'failed')`);
  await protect(q, 'invoice');
  await q.query(`
    CREATE TABLE invoice_line (
      invoice_id uuid NOT NULL REFERENCES invoice(id),
      partner_id uuid NOT NULL REFERENCES partner(id),
      position integer NOT NULL,
      -- The month the use was in: the invoice's own, or an earlier one for late use.
      service_month text NOT NULL,
      component text NOT NULL,
      price_version text NOT NULL,
      kind text NOT NULL,
      description text NOT NULL,
      quantity text NOT NULL,
      unit text NOT NULL,
      unit_price text NOT NULL,
      evidence text NOT NULL,
      tax_class text NOT NULL,
      minor bigint NOT NULL,
      discount_minor bigint NOT NULL DEFAULT 0,
      tax_minor bigint NOT NULL,
      PRIMARY KEY (invoice_id, position)
    )`);
  await q.query('CREATE INDEX invoice_line_service ON invoice_line (partner_id, service_month)');
  await protect(q, 'invoice_line');
  await q.query(`
    CREATE TABLE tax_line (
      invoice_id uuid NOT NULL REFERENCES invoice(id),
      partner_id uuid NOT NULL REFERENCES partner(id),
      tax_class text NOT NULL,
      category text NOT NULL,
      percent numeric(6, 3) NOT NULL,
      net_minor bigint NOT NULL,
      tax_minor bigint NOT NULL,
      note text,
      PRIMARY KEY (invoice_id, tax_class)
    )`);
  await protect(q, 'tax_line');
  await q.query(`
    CREATE FUNCTION rookery_invoice_final() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF OLD.state IN ('finalized', 'skipped') THEN
        RAISE EXCEPTION 'invoice % is final', OLD.id USING ERRCODE = 'restrict_violation';
      END IF;
      RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END $$`);
  await q.query(
    'CREATE TRIGGER final BEFORE UPDATE OR DELETE ON invoice FOR EACH ROW EXECUTE FUNCTION rookery_invoice_final()',
  );
  await q.query(`
    CREATE FUNCTION rookery_invoice_part_final() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF EXISTS (SELECT FROM invoice WHERE id = CASE TG_OP WHEN 'INSERT' THEN NEW.invoice_id ELSE OLD.invoice_id END
                 AND state IN ('finalized', 'skipped')) THEN
        RAISE EXCEPTION 'its invoice is final' USING ERRCODE = 'restrict_violation';
      END IF;
      RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END $$`);
  for (const table of ['invoice_line', 'tax_line'])
    await q.query(
      `CREATE TRIGGER final BEFORE INSERT OR UPDATE OR DELETE ON ${table} FOR EACH ROW EXECUTE FUNCTION rookery_invoice_part_final()`,
    );
}

async function creditNotes(q: QueryRunner): Promise<void> {
  await q.query(`
    CREATE TABLE credit_note (
      id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      partner_id uuid NOT NULL REFERENCES partner(id),
      invoice_id uuid NOT NULL REFERENCES invoice(id),
      number text NOT NULL UNIQUE,
      reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
      -- The rating that showed it, when late use did.
      run_id uuid REFERENCES rating_run(id),
      net_minor bigint NOT NULL CHECK (net_minor > 0),
      tax_minor bigint NOT NULL CHECK (tax_minor >= 0),
      total_minor bigint NOT NULL,
      issued_at timestamptz(3) NOT NULL,
      CHECK (total_minor = net_minor + tax_minor)
    )`);
  await q.query('CREATE INDEX credit_note_invoice ON credit_note (invoice_id)');
  await protect(q, 'credit_note');
  await freeze(q, 'credit_note');
  await q.query(`
    CREATE TABLE credit_note_line (
      credit_note_id uuid NOT NULL REFERENCES credit_note(id),
      partner_id uuid NOT NULL REFERENCES partner(id),
      position integer NOT NULL,
      service_month text NOT NULL,
      component text NOT NULL,
      price_version text NOT NULL,
      description text NOT NULL,
      tax_class text NOT NULL,
      -- What is given back; negative where late use raised a line of a note that gives back more elsewhere.
      net_minor bigint NOT NULL,
      PRIMARY KEY (credit_note_id, position)
    )`);
  await q.query('CREATE INDEX credit_note_line_service ON credit_note_line (partner_id, service_month)');
  await protect(q, 'credit_note_line');
  await freeze(q, 'credit_note_line');
  await q.query(`
    -- What late use added to a month already billed, on its way to the next invoice.
    CREATE TABLE late_charge (
      id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      partner_id uuid NOT NULL REFERENCES partner(id),
      run_id uuid NOT NULL REFERENCES rating_run(id),
      service_month text NOT NULL,
      component text NOT NULL,
      price_version text NOT NULL,
      description text NOT NULL,
      kind text NOT NULL,
      tax_class text NOT NULL,
      net_minor bigint NOT NULL,
      created_at timestamptz(3) NOT NULL DEFAULT now(),
      UNIQUE (run_id, component, price_version)
    )`);
  await q.query('CREATE INDEX late_charge_service ON late_charge (partner_id, service_month)');
  await protect(q, 'late_charge');
  await freeze(q, 'late_charge');
  await q.query(`
    -- A late charge is on one invoice at most.
    CREATE TABLE late_charge_billed (
      late_charge_id uuid PRIMARY KEY REFERENCES late_charge(id),
      partner_id uuid NOT NULL REFERENCES partner(id),
      invoice_id uuid NOT NULL REFERENCES invoice(id)
    )`);
  await protect(q, 'late_charge_billed');
  await freeze(q, 'late_charge_billed');
}
