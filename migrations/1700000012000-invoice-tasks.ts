import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What follows from an event of an invoice: documents, mail, webhooks, collecting; and reminding of what is overdue. */
export class InvoiceTasks1700000012000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    await tasks(q);
    await webhooks(q);
    await dunning(q);
  }

  async down(): Promise<void> {
    throw new Error('The timeline only goes forward.');
  }
}

const protect = (q: QueryRunner, table: string): Promise<unknown> => q.query(`SELECT rookery_protect('${table}', '')`);

async function freeze(q: QueryRunner, table: string): Promise<void> {
  await q.query(
    `CREATE TRIGGER never_changed BEFORE UPDATE OR DELETE ON ${table} FOR EACH ROW EXECUTE FUNCTION rookery_refuse_change()`,
  );
  await q.query(`REVOKE UPDATE, DELETE ON ${table} FROM rookery_system`);
}

async function tasks(q: QueryRunner): Promise<void> {
  await q.query(`
    -- An event fanned out: one row for each thing to be done about it, once for ever by its key.
    CREATE TABLE invoice_task (
      outbox_id bigint NOT NULL,
      kind text NOT NULL CHECK (kind IN ('document', 'mail', 'collect', 'webhook')),
      -- Which of several: the format of a document, the webhook's endpoint.
      target text NOT NULL DEFAULT '',
      partner_id uuid NOT NULL REFERENCES partner(id),
      event jsonb NOT NULL,
      -- handing: given away at this moment; found so later, nobody knows whether it arrived, and it becomes uncertain.
      state text NOT NULL DEFAULT 'waiting'
        CHECK (state IN ('waiting', 'handing', 'done', 'skipped', 'failed', 'uncertain')),
      attempts integer NOT NULL DEFAULT 0,
      next_try_at timestamptz(3) NOT NULL,
      failure text,
      created_at timestamptz(3) NOT NULL,
      done_at timestamptz(3),
      PRIMARY KEY (outbox_id, kind, target)
    )`);
  await q.query(
    `CREATE INDEX invoice_task_waiting ON invoice_task (next_try_at) WHERE state IN ('waiting', 'handing')`,
  );
  await q.query('CREATE INDEX invoice_task_partner ON invoice_task (partner_id, outbox_id)');
  await protect(q, 'invoice_task');
  await q.query(`
    -- Documents as they were sent.
    CREATE TABLE invoice_file (
      subject_id uuid NOT NULL,
      format text NOT NULL,
      partner_id uuid NOT NULL REFERENCES partner(id),
      name text NOT NULL,
      media_type text NOT NULL,
      bytes bytea NOT NULL,
      made_at timestamptz(3) NOT NULL,
      PRIMARY KEY (subject_id, format)
    )`);
  await protect(q, 'invoice_file');
  await freeze(q, 'invoice_file');
}

async function webhooks(q: QueryRunner): Promise<void> {
  await q.query(`
    CREATE TABLE webhook_endpoint (
      id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      partner_id uuid NOT NULL REFERENCES partner(id),
      url text NOT NULL CHECK (length(url) BETWEEN 1 AND 2000),
      -- Shared with the receiver, who checks our signatures with it.
      secret bytea NOT NULL CHECK (length(secret) = 32),
      -- Event types it wants; empty for all.
      events text[] NOT NULL DEFAULT '{}',
      enabled boolean NOT NULL DEFAULT true,
      created_at timestamptz(3) NOT NULL DEFAULT now()
    )`);
  await q.query('CREATE INDEX webhook_endpoint_partner ON webhook_endpoint (partner_id)');
  await protect(q, 'webhook_endpoint');
  await q.query(`
    -- Each time an endpoint was called, and what it said.
    CREATE TABLE webhook_delivery (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      partner_id uuid NOT NULL REFERENCES partner(id),
      endpoint_id uuid NOT NULL REFERENCES webhook_endpoint(id) ON DELETE CASCADE,
      outbox_id bigint NOT NULL,
      type text NOT NULL,
      attempt integer NOT NULL,
      status integer,
      failure text,
      duration_ms integer NOT NULL,
      at timestamptz(3) NOT NULL
    )`);
  await q.query('CREATE INDEX webhook_delivery_endpoint ON webhook_delivery (endpoint_id, id)');
  await protect(q, 'webhook_delivery');
}

async function dunning(q: QueryRunner): Promise<void> {
  await q.query(`
    ALTER TABLE billing_profile
      -- Whether letters go out about what is overdue, and whether not paying ends in suspension.
      ADD COLUMN reminded boolean NOT NULL DEFAULT true,
      ADD COLUMN suspendable boolean NOT NULL DEFAULT true,
      -- The electronic invoice this partner's software reads.
      ADD COLUMN electronic_format text NOT NULL DEFAULT 'cii' CHECK (electronic_format IN ('cii', 'ubl', 'xrechnung')),
      -- Where XRechnung sends it on (BT-10, Leitweg-ID).
      ADD COLUMN buyer_reference text CHECK (length(buyer_reference) <= 200),
      ADD COLUMN version integer NOT NULL DEFAULT 1`);
  await q.query(`
    -- Steps taken about an overdue invoice, each once: days after it was due.
    CREATE TABLE dunning_step (
      invoice_id uuid NOT NULL REFERENCES invoice(id),
      step integer NOT NULL,
      partner_id uuid NOT NULL REFERENCES partner(id),
      -- Passed over because a later one was due already: nobody gets three letters in one hour.
      passed_over boolean NOT NULL,
      taken_at timestamptz(3) NOT NULL,
      PRIMARY KEY (invoice_id, step)
    )`);
  await protect(q, 'dunning_step');
  await freeze(q, 'dunning_step');
  await q.query(`
    -- Suspensions that not paying brought. Only these end by paying.
    CREATE TABLE partner_suspension (
      partner_id uuid NOT NULL REFERENCES partner(id),
      invoice_id uuid NOT NULL REFERENCES invoice(id),
      suspended_at timestamptz(3) NOT NULL,
      restored_at timestamptz(3),
      PRIMARY KEY (invoice_id)
    )`);
  await q.query('CREATE INDEX partner_suspension_open ON partner_suspension (partner_id) WHERE restored_at IS NULL');
  await protect(q, 'partner_suspension');
}
