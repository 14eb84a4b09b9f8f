import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Lines that partners dispute, and money that goes back. */
export class Disputes1700000021000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    await disputes(q);
    await refunds(q);
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

async function disputes(q: QueryRunner): Promise<void> {
  await q.query(`
    CREATE TABLE dispute (
      id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      partner_id uuid NOT NULL REFERENCES partner(id),
      invoice_id uuid NOT NULL,
      position integer NOT NULL,
      -- open: the word is with support; answered: with the partner; the others are its ends.
      state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'answered', 'credited', 'rejected', 'withdrawn')),
      -- What is disputed of the line, before and with tax.
      net_minor bigint NOT NULL CHECK (net_minor > 0),
      gross_minor bigint NOT NULL CHECK (gross_minor >= net_minor),
      opened_at timestamptz(3) NOT NULL,
      resolved_at timestamptz(3),
      credit_note_id uuid REFERENCES credit_note(id),
      FOREIGN KEY (invoice_id, position) REFERENCES invoice_line(invoice_id, position),
      CHECK ((resolved_at IS NULL) = (state IN ('open', 'answered'))),
      CHECK ((credit_note_id IS NOT NULL) = (state = 'credited'))
    )`);
  await q.query('CREATE UNIQUE INDEX dispute_open ON dispute (invoice_id, position) WHERE resolved_at IS NULL');
  await q.query('CREATE INDEX dispute_partner ON dispute (partner_id, opened_at)');
  await protect(q, 'dispute');
  await q.query(`
    CREATE TABLE dispute_comment (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      partner_id uuid NOT NULL REFERENCES partner(id),
      dispute_id uuid NOT NULL REFERENCES dispute(id),
      side text NOT NULL CHECK (side IN ('partner', 'support')),
      author text NOT NULL,
      text text NOT NULL CHECK (length(text) BETWEEN 1 AND 5000),
      at timestamptz(3) NOT NULL
    )`);
  await q.query('CREATE INDEX dispute_comment_thread ON dispute_comment (dispute_id, id)');
  await protect(q, 'dispute_comment');
  await freeze(q, 'dispute_comment');
  await q.query(`
    ALTER TABLE billing_profile
      -- Whether reminders, suspension and charges leave out what is disputed until that is settled.
      ADD COLUMN dispute_pauses boolean NOT NULL DEFAULT true`);
  await q.query(`
    ALTER TABLE invoice_settlement
      -- Since when all that is due is disputed; the time until that ends is added to due_at.
      ADD COLUMN paused_at timestamptz(3)`);
}

async function refunds(q: QueryRunner): Promise<void> {
  await q.query(`
    -- Money of an invoice on its way back, always with a credit note.
    CREATE TABLE refund (
      id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      partner_id uuid NOT NULL REFERENCES partner(id),
      invoice_id uuid NOT NULL REFERENCES invoice(id),
      credit_note_id uuid NOT NULL REFERENCES credit_note(id),
      method text NOT NULL CHECK (method IN ('stripe', 'wallet', 'manual')),
      -- The payment it gives back of.
      payment_id uuid REFERENCES payment(id),
      minor bigint NOT NULL CHECK (minor > 0),
      currency text NOT NULL,
      state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'processing', 'succeeded', 'failed')),
      -- The provider's id, or the bank's reference.
      reference text,
      failure text,
      requested_by text NOT NULL,
      requested_at timestamptz(3) NOT NULL,
      updated_at timestamptz(3) NOT NULL,
      UNIQUE (method, reference),
      CHECK ((method = 'wallet') = (payment_id IS NULL))
    )`);
  await q.query('CREATE INDEX refund_invoice ON refund (invoice_id)');
  await q.query(`CREATE INDEX refund_under_way ON refund (updated_at) WHERE state IN ('pending', 'processing')`);
  await protect(q, 'refund');
  await q.query(`
    -- Refunds on their way are owed to nobody's wallet any more and have not left yet.
    ALTER TABLE wallet_ledger DROP CONSTRAINT wallet_ledger_account_check,
      ADD CONSTRAINT wallet_ledger_account_check
        CHECK (account IN ('wallet', 'receivable', 'cash', 'revenue', 'tax', 'writeOff', 'refunds'))`);
  await q.query(`
    ALTER TABLE invoice_task DROP CONSTRAINT invoice_task_kind_check,
      ADD CONSTRAINT invoice_task_kind_check CHECK (kind IN ('document', 'mail', 'collect', 'webhook', 'refund'))`);
}
