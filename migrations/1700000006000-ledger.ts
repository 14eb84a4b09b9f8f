import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Money that is owed and money that came: what is open about an invoice, payments, and the double-entry ledger. */
export class Ledger1700000006000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    await settlement(q);
    await ledger(q);
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

async function settlement(q: QueryRunner): Promise<void> {
  await q.query(`
    -- What is still open about a finalized invoice. due = total - wallet - credited - paid, never negative.
    CREATE TABLE invoice_settlement (
      invoice_id uuid PRIMARY KEY REFERENCES invoice(id),
      partner_id uuid NOT NULL REFERENCES partner(id),
      state text NOT NULL CHECK (state IN ('open', 'paid', 'overdue', 'uncollectible', 'void')),
      total_minor bigint NOT NULL,
      wallet_minor bigint NOT NULL DEFAULT 0 CHECK (wallet_minor >= 0),
      credited_minor bigint NOT NULL DEFAULT 0 CHECK (credited_minor >= 0),
      paid_minor bigint NOT NULL DEFAULT 0 CHECK (paid_minor >= 0),
      due_minor bigint GENERATED ALWAYS AS (total_minor - wallet_minor - credited_minor - paid_minor) STORED CHECK (due_minor >= 0),
      due_at timestamptz(3) NOT NULL,
      version integer NOT NULL DEFAULT 1
    )`);
  await q.query(
    `CREATE INDEX invoice_settlement_open ON invoice_settlement (state, due_at) WHERE state IN ('open', 'overdue')`,
  );
  await protect(q, 'invoice_settlement');
  await q.query(`
    CREATE TABLE payment (
      id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      partner_id uuid NOT NULL REFERENCES partner(id),
      -- Null for a top-up of the wallet.
      invoice_id uuid REFERENCES invoice(id),
      method text NOT NULL CHECK (method IN ('manual', 'stripe')),
      -- The provider's id, or the reference a person gave: the same payment is booked once.
      reference text NOT NULL,
      minor bigint NOT NULL CHECK (minor > 0),
      currency text NOT NULL,
      received_at timestamptz(3) NOT NULL,
      UNIQUE (method, reference)
    )`);
  await protect(q, 'payment');
  await freeze(q, 'payment');
}

async function ledger(q: QueryRunner): Promise<void> {
  await q.query(`
    -- Double entry: debits positive, credits negative; the entries of one posting sum to zero.
    CREATE TABLE wallet_ledger (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      partner_id uuid NOT NULL REFERENCES partner(id),
      -- What it records, once: invoice~<id>, payment~<id>, creditNote~<id>, wallet~<invoice id>.
      posting text NOT NULL,
      account text NOT NULL CHECK (account IN ('wallet', 'receivable', 'cash', 'revenue', 'tax', 'writeOff')),
      minor bigint NOT NULL CHECK (minor <> 0),
      currency text NOT NULL,
      posted_at timestamptz(3) NOT NULL,
      UNIQUE (posting, account)
    )`);
  await q.query('CREATE INDEX wallet_ledger_partner ON wallet_ledger (partner_id, account, currency)');
  await protect(q, 'wallet_ledger');
  await freeze(q, 'wallet_ledger');
  await q.query(`
    -- The wallet's balance (what the partner has with us) as a row, so that it can be locked and checked.
    CREATE TABLE wallet (
      partner_id uuid NOT NULL REFERENCES partner(id),
      currency text NOT NULL,
      minor bigint NOT NULL DEFAULT 0 CHECK (minor >= 0),
      PRIMARY KEY (partner_id, currency)
    )`);
  await protect(q, 'wallet');
  await q.query(`
    CREATE FUNCTION rookery_ledger_follows() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF NEW.account = 'wallet' THEN
        INSERT INTO wallet (partner_id, currency, minor) VALUES (NEW.partner_id, NEW.currency, 0) ON CONFLICT DO NOTHING;
        UPDATE wallet SET minor = minor - NEW.minor WHERE partner_id = NEW.partner_id AND currency = NEW.currency;
      END IF;
      RETURN NULL;
    END $$`);
  await q.query(
    'CREATE TRIGGER follows AFTER INSERT ON wallet_ledger FOR EACH ROW EXECUTE FUNCTION rookery_ledger_follows()',
  );
  await q.query(`
    CREATE FUNCTION rookery_ledger_balances() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF (SELECT sum(minor) FROM wallet_ledger WHERE posting = NEW.posting) <> 0 THEN
        RAISE EXCEPTION 'posting % does not balance', NEW.posting USING ERRCODE = 'check_violation';
      END IF;
      RETURN NULL;
    END $$`);
  await q.query(`
    CREATE CONSTRAINT TRIGGER balances AFTER INSERT ON wallet_ledger
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION rookery_ledger_balances()`);
}
