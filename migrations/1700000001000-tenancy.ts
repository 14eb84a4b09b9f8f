import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Roles, the partner table, the outbox, and the function every later migration calls for its tables.
 * `rookery_system` sees all; `rookery_tenant` sees rows of the partner named in `rookery.partner_id`.
 */
export class Tenancy1700000001000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      DO $$ BEGIN
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'rookery_system') THEN CREATE ROLE rookery_system NOLOGIN; END IF;
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'rookery_tenant') THEN CREATE ROLE rookery_tenant NOLOGIN; END IF;
      EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
      END $$`);
    await q.query('GRANT rookery_system, rookery_tenant TO CURRENT_USER');
    await q.query('GRANT rookery_tenant TO rookery_system');
    await q.query('GRANT USAGE ON SCHEMA public TO rookery_system, rookery_tenant');
    await q.query(`
      -- Row-level security for a table with a partner_id column: the tenant role sees and writes its own rows only.
      -- "access": what the tenant role may do besides SELECT, for example 'INSERT, UPDATE, DELETE'; '' for nothing.
      CREATE FUNCTION rookery_protect(target regclass, access text DEFAULT 'INSERT, UPDATE, DELETE', partner_column text DEFAULT 'partner_id') RETURNS void LANGUAGE plpgsql AS $$
      BEGIN
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
        EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
        EXECUTE format('CREATE POLICY system ON %s TO rookery_system USING (true) WITH CHECK (true)', target);
        EXECUTE format('CREATE POLICY tenant ON %s TO rookery_tenant USING (%I = nullif(current_setting(''rookery.partner_id'', true), '''')::uuid) WITH CHECK (%I = nullif(current_setting(''rookery.partner_id'', true), '''')::uuid)', target, partner_column, partner_column);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO rookery_system', target);
        EXECUTE format('GRANT SELECT ON %s TO rookery_tenant', target);
        IF access <> '' THEN EXECUTE format('GRANT %s ON %s TO rookery_tenant', access, target); END IF;
      END $$`);
    await q.query(`
      CREATE TABLE partner (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
        name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
        state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'suspended', 'closed')),
        currency text NOT NULL DEFAULT 'EUR' CHECK (currency ~ '^[A-Z]{3}$'),
        time_zone text NOT NULL DEFAULT 'UTC',
        version integer NOT NULL DEFAULT 1,
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
    await q.query(`SELECT rookery_protect('partner', 'UPDATE', 'id')`);
    await q.query(`
      -- Facts on their way to a queue: written with the state change, deleted when the consumer has them for good.
      CREATE TABLE outbox (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        partner_id uuid NOT NULL REFERENCES partner(id),
        topic text NOT NULL,
        payload jsonb NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
    await q.query('CREATE INDEX outbox_topic ON outbox (topic, id)');
    await q.query(`SELECT rookery_protect('outbox', 'INSERT')`);
    await q.query('GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO rookery_system, rookery_tenant');
  }

  async down(): Promise<void> {
    throw new Error('The timeline only goes forward.');
  }
}
