import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Meters beyond our own: what partners and operators count themselves and send as CloudEvents. */
export class AddOnMeters1700000017000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      CREATE TABLE meter (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        -- NULL: the operator's, for everybody.
        partner_id uuid REFERENCES partner(id),
        code text NOT NULL CHECK (code ~ '^[a-z][a-z0-9-]{0,39}$'),
        name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
        unit text NOT NULL CHECK (length(unit) BETWEEN 1 AND 40),
        -- What its events come to. Never changed: old bills are made again from it.
        aggregation text NOT NULL CHECK (aggregation IN ('sum', 'count', 'max', 'unique', 'level')),
        -- Whether a subject must be a mailbox or domain of the partner's.
        subjects text NOT NULL CHECK (subjects IN ('any', 'mailbox', 'domain')),
        -- Silence for longer is a finding; NULL where silence is nothing.
        silent_hours integer CHECK (silent_hours BETWEEN 1 AND 744),
        created_at timestamptz(3) NOT NULL,
        -- From then on it takes no events; what was counted is billed.
        archived_at timestamptz(3),
        UNIQUE NULLS NOT DISTINCT (partner_id, code)
      )`);
    await q.query(`SELECT rookery_protect('meter', '')`);
    await q.query('CREATE POLICY shared ON meter FOR SELECT TO rookery_tenant USING (partner_id IS NULL)');
    await q.query(`
      ALTER TABLE usage_event
        DROP CONSTRAINT usage_event_kind_check,
        ADD CONSTRAINT usage_event_kind_check CHECK (kind IN ('counter', 'start', 'stop', 'gauge', 'peak', 'unique')),
        -- What is counted once however often it is seen.
        ADD COLUMN item text,
        ADD CONSTRAINT usage_event_item_check CHECK ((item IS NULL) = (kind <> 'unique'))`);
    await q.query(`
      ALTER TABLE usage_quarantine
        DROP CONSTRAINT usage_quarantine_reason_check,
        ADD CONSTRAINT usage_quarantine_reason_check CHECK (reason IN (
          'conflict', 'future', 'tooOld', 'unknownPartner', 'invalid', 'unknownMeter', 'unknownSubject', 'badValue'))`);
    // A key that may send usage and nothing else: what a partner's own meter is given.
    await q.query(`
      ALTER TABLE api_key
        DROP CONSTRAINT api_key_scopes_check,
        ADD CONSTRAINT api_key_scopes_check CHECK (cardinality(scopes) > 0 AND scopes <@ '{read,write,usage,operator}')`);
  }

  async down(): Promise<void> {
    throw new Error('The timeline only goes forward.');
  }
}
