import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What reconciliation found: where counting fell silent, and where what was counted is not what happened. */
export class UsageFindings1700000018000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      CREATE TABLE usage_finding (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        partner_id uuid NOT NULL REFERENCES partner(id),
        -- Whose operators are told.
        cluster_id uuid REFERENCES cluster(id) ON DELETE SET NULL,
        kind text NOT NULL CHECK (kind IN ('silent', 'bucket', 'interval', 'role', 'gone', 'mailbox', 'lifetime', 'store', 'books')),
        meter text NOT NULL,
        subject text NOT NULL,
        -- The stretch it is about; ended is NULL while it lasts.
        started timestamptz(3) NOT NULL,
        ended timestamptz(3),
        expected text,
        found text,
        detail text NOT NULL,
        -- Whether invoices of the time it is about wait for somebody to look.
        holds boolean NOT NULL,
        found_at timestamptz(3) NOT NULL,
        seen_at timestamptz(3) NOT NULL,
        -- By 'recheck', when it is no longer so, or by whom it was accepted as it is.
        resolved_at timestamptz(3),
        resolved_by text,
        note text CHECK (length(note) <= 500),
        CHECK ((resolved_at IS NULL) = (resolved_by IS NULL))
      )`);
    await q.query(
      'CREATE UNIQUE INDEX usage_finding_open ON usage_finding (partner_id, kind, meter, subject, started) WHERE resolved_at IS NULL',
    );
    await q.query('CREATE INDEX usage_finding_list ON usage_finding (partner_id, id)');
    await q.query(`SELECT rookery_protect('usage_finding', '')`);
    await q.query(`
      -- Which days of which partner were compared, each once.
      CREATE TABLE reconcile_run (
        partner_id uuid NOT NULL REFERENCES partner(id),
        day date NOT NULL,
        found integer NOT NULL,
        checked_at timestamptz(3) NOT NULL,
        PRIMARY KEY (partner_id, day)
      )`);
    await q.query(`SELECT rookery_protect('reconcile_run', '')`);
    await q.query(`
      ALTER TABLE invoice
        -- Why somebody has to look at the usage before it is final, and who did.
        ADD COLUMN held text,
        ADD COLUMN released_by text,
        ADD COLUMN released_at timestamptz(3)`);
  }

  async down(): Promise<void> {
    throw new Error('The timeline only goes forward.');
  }
}
