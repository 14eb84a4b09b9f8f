import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Each cluster's certificate authority, the certificates it gave its members, and the tokens by which they join. A member
 * that is removed, by whatever road, loses its certificates in the same transaction.
 */
export class Trust1700000011000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      CREATE TABLE cluster_authority (
        cluster_id uuid PRIMARY KEY REFERENCES cluster(id),
        partner_id uuid NOT NULL REFERENCES partner(id),
        certificate text NOT NULL,
        -- PKCS #8, AES-256-GCM under the control plane's seal key, which is not in this database.
        sealed_key bytea NOT NULL,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp()
      )`);
    await q.query(`
      CREATE TABLE member_certificate (
        serial text PRIMARY KEY,
        cluster_id uuid NOT NULL REFERENCES cluster(id),
        partner_id uuid NOT NULL REFERENCES partner(id),
        -- Of hub or node; it outlives them while it could still be shown.
        member_id uuid NOT NULL,
        member_name text NOT NULL,
        role text NOT NULL CHECK (role IN ('hub', 'node')),
        issued_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        not_after timestamptz NOT NULL,
        revoked_at timestamptz,
        -- What was last said in the event log about its end.
        alerted text CHECK (alerted IN ('expiring', 'expired'))
      )`);
    await q.query('CREATE INDEX member_certificate_member ON member_certificate (cluster_id, member_id)');
    await q.query(`
      CREATE TABLE join_token (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        cluster_id uuid NOT NULL REFERENCES cluster(id),
        partner_id uuid NOT NULL REFERENCES partner(id),
        role text NOT NULL CHECK (role IN ('hub', 'node')),
        -- The member it is for; any new one when NULL.
        member_name text CHECK (length(member_name) BETWEEN 1 AND 100),
        secret_hash bytea NOT NULL UNIQUE,
        created_by text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        expires_at timestamptz NOT NULL,
        used_at timestamptz,
        used_by uuid
      )`);
    await q.query(
      `SELECT rookery_protect('cluster_authority', ''), rookery_protect('member_certificate', ''), rookery_protect('join_token', '')`,
    );
    // Secrets are the system's alone.
    await q.query('REVOKE SELECT ON cluster_authority, join_token FROM rookery_tenant');
    await revocation(q);
    await announcements(q);
  }

  async down(): Promise<void> {
    throw new Error('The timeline only goes forward.');
  }
}

async function revocation(q: QueryRunner): Promise<void> {
  await q.query(`
    CREATE FUNCTION rookery_revoke_member() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      UPDATE member_certificate SET revoked_at = clock_timestamp()
      WHERE cluster_id = OLD.cluster_id AND member_id = OLD.id AND revoked_at IS NULL;
      RETURN NULL;
    END $$`);
  for (const table of ['hub', 'node'])
    await q.query(
      `CREATE TRIGGER revoke_certificates AFTER DELETE ON ${table} FOR EACH ROW EXECUTE FUNCTION rookery_revoke_member()`,
    );
}

async function announcements(q: QueryRunner): Promise<void> {
  await q.query(`
    CREATE TRIGGER announce_revocation AFTER UPDATE ON member_certificate
      FOR EACH ROW WHEN (OLD.revoked_at IS DISTINCT FROM NEW.revoked_at) EXECUTE FUNCTION rookery_cluster_changed()`);
  await q.query(`
    CREATE FUNCTION rookery_join_tokens_changed() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM pg_notify('join_tokens_changed', '');
      RETURN NULL;
    END $$`);
  await q.query(`
    CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE ON join_token
      FOR EACH STATEMENT EXECUTE FUNCTION rookery_join_tokens_changed()`);
}
