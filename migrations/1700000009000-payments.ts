import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Collecting: who pays with what, each attempt to charge an invoice, and what the provider told us. */
export class Payments1700000009000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      -- The partner as the payment provider knows it.
      CREATE TABLE payment_account (
        partner_id uuid PRIMARY KEY REFERENCES partner(id),
        customer_id text NOT NULL UNIQUE,
        created_at timestamptz(3) NOT NULL DEFAULT now()
      )`);
    await protect(q, 'payment_account');
    await q.query(`
      -- Saved at the provider; here is only what is shown and the name to charge by.
      CREATE TABLE payment_method (
        id text PRIMARY KEY,
        partner_id uuid NOT NULL REFERENCES partner(id),
        kind text NOT NULL,
        label text NOT NULL,
        is_default boolean NOT NULL DEFAULT false,
        added_at timestamptz(3) NOT NULL,
        detached_at timestamptz(3),
        CHECK (NOT is_default OR detached_at IS NULL)
      )`);
    await q.query('CREATE UNIQUE INDEX payment_method_default ON payment_method (partner_id) WHERE is_default');
    await protect(q, 'payment_method');
    await q.query(`
      -- One charge of an invoice. Written before the provider is asked, so that whatever happens then is found again.
      CREATE TABLE payment_attempt (
        invoice_id uuid NOT NULL REFERENCES invoice(id),
        attempt integer NOT NULL CHECK (attempt > 0),
        partner_id uuid NOT NULL REFERENCES partner(id),
        -- What it was begun for ("finalized", "dunning~3", "asked~<id>"): begun again for the same, it is the same attempt.
        occasion text NOT NULL,
        method_id text NOT NULL REFERENCES payment_method(id),
        minor bigint NOT NULL CHECK (minor > 0),
        currency text NOT NULL,
        state text NOT NULL DEFAULT 'pending'
          CHECK (state IN ('pending', 'processing', 'actionNeeded', 'succeeded', 'failed', 'canceled')),
        external_id text UNIQUE,
        failure_code text,
        failure text,
        started_at timestamptz(3) NOT NULL,
        updated_at timestamptz(3) NOT NULL,
        PRIMARY KEY (invoice_id, attempt),
        UNIQUE (invoice_id, occasion)
      )`);
    await q.query(`
      -- One charge under way at a time: an invoice is never charged twice at once.
      CREATE UNIQUE INDEX payment_attempt_under_way ON payment_attempt (invoice_id)
        WHERE state IN ('pending', 'processing', 'actionNeeded')`);
    await protect(q, 'payment_attempt');
    await q.query(`
      -- What the provider announced, once each. Only the object's name is kept: the object itself is fetched anew.
      CREATE TABLE stripe_event (
        id text PRIMARY KEY,
        partner_id uuid REFERENCES partner(id),
        type text NOT NULL,
        object_id text NOT NULL,
        received_at timestamptz(3) NOT NULL,
        handled_at timestamptz(3),
        attempts integer NOT NULL DEFAULT 0,
        next_try_at timestamptz(3) NOT NULL,
        failure text
      )`);
    await q.query('CREATE INDEX stripe_event_waiting ON stripe_event (next_try_at) WHERE handled_at IS NULL');
    await protect(q, 'stripe_event');
  }

  async down(): Promise<void> {
    throw new Error('The timeline only goes forward.');
  }
}

const protect = (q: QueryRunner, table: string): Promise<unknown> => q.query(`SELECT rookery_protect('${table}', '')`);
