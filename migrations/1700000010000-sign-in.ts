import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What SCRAM and bearer tokens need beside the password's hash. Accounts made before have no SCRAM keys: their next sign-in
 * with the password makes them.
 */
export class SignIn1700000010000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      ALTER TABLE account ADD COLUMN scram_keys text
        CHECK (scram_keys ~ '^SCRAM-SHA-256[$][0-9]+:[A-Za-z0-9+/=]+[$][A-Za-z0-9+/=]+:[A-Za-z0-9+/=]+$')`);
    await q.query('DROP TRIGGER announce_changes ON account');
    await q.query(`
      CREATE TRIGGER announce_changes AFTER UPDATE ON account FOR EACH ROW
        WHEN ((OLD.state, OLD.volume_id, OLD.quota_bytes, OLD.verifier, OLD.scram_keys)
          IS DISTINCT FROM (NEW.state, NEW.volume_id, NEW.quota_bytes, NEW.verifier, NEW.scram_keys))
        EXECUTE FUNCTION rookery_directory_changed('email')`);
    await tokens(q);
  }

  async down(): Promise<void> {
    throw new Error('The timeline only goes forward.');
  }
}

async function tokens(q: QueryRunner): Promise<void> {
  // What tokens refer to, so that theirs is always their account's partner.
  await q.query('ALTER TABLE account ADD UNIQUE (id, partner_id)');
  await q.query(`
    CREATE TABLE account_token (
      id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      partner_id uuid NOT NULL,
      account_id uuid NOT NULL,
      name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
      prefix text COLLATE "C" NOT NULL UNIQUE,
      secret_hash bytea NOT NULL CHECK (length(secret_hash) = 32),
      created_at timestamptz NOT NULL DEFAULT now(),
      expires_at timestamptz NOT NULL,
      FOREIGN KEY (account_id, partner_id) REFERENCES account (id, partner_id) ON DELETE CASCADE
    )`);
  await q.query('CREATE INDEX account_token_account ON account_token (account_id)');
  await q.query(`SELECT rookery_protect('account_token', 'INSERT, DELETE')`);
  await q.query(`
    CREATE FUNCTION rookery_account_token_changed() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM pg_notify('directory_changed', email) FROM account
        WHERE id = CASE WHEN TG_OP = 'DELETE' THEN OLD.account_id ELSE NEW.account_id END;
      RETURN NULL;
    END $$`);
  await q.query(`
    CREATE TRIGGER announce_rows AFTER INSERT OR DELETE ON account_token FOR EACH ROW
      EXECUTE FUNCTION rookery_account_token_changed()`);
  await q.query(`
    -- Who changes a password shuts out whoever had got in.
    CREATE FUNCTION rookery_revoke_tokens() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      DELETE FROM account_token WHERE account_id = NEW.id;
      RETURN NULL;
    END $$`);
  await q.query(`
    CREATE TRIGGER revoke_tokens AFTER UPDATE OF verifier ON account FOR EACH ROW
      WHEN (OLD.verifier IS DISTINCT FROM NEW.verifier) EXECUTE FUNCTION rookery_revoke_tokens()`);
}
