import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Domains, accounts, aliases, API keys. What must hold whoever writes is held here: an address is one thing, lies in its
 * domain and belongs to its domain's partner; a domain lies in a cluster its partner may use; what hubs may have cached
 * is announced on `directory_changed` (an address, `@domain`, or `*`).
 */
export class Directory1700000003000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    // A partner may change what it is called, not its own standing.
    await q.query('REVOKE UPDATE ON partner FROM rookery_tenant');
    await q.query('GRANT UPDATE (name, time_zone, version) ON partner TO rookery_tenant');
    await q.query(`ALTER TABLE cluster ADD COLUMN shared boolean NOT NULL DEFAULT false`);
    await q.query('GRANT SELECT (shared) ON cluster TO rookery_tenant');
    await domains(q);
    await accounts(q);
    await aliases(q);
    await addresses(q);
    await apiKeys(q);
    await announcements(q);
    await resolution(q);
  }

  async down(): Promise<void> {
    throw new Error('The timeline only goes forward.');
  }
}

async function domains(q: QueryRunner): Promise<void> {
  await q.query(`
    CREATE TABLE domain (
      id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      partner_id uuid NOT NULL REFERENCES partner(id),
      -- A-labels, lower case. Names sort by code point, as the cursors of lists do.
      name text COLLATE "C" NOT NULL UNIQUE CHECK (name ~ '^([a-z0-9-]{1,63}[.])+[a-z0-9-]{1,63}$' AND length(name) <= 253),
      cluster_id uuid NOT NULL REFERENCES cluster(id),
      -- As it is sent to, and as it is looked up.
      catch_all text COLLATE "C",
      catch_all_key text COLLATE "C",
      detail_separator text NOT NULL DEFAULT '+' CHECK (length(detail_separator) <= 1),
      volume_class text NOT NULL DEFAULT 'standard',
      version integer NOT NULL DEFAULT 1,
      created_at timestamptz NOT NULL DEFAULT now(),
      -- What accounts and aliases refer to, so that theirs is always their domain's partner.
      UNIQUE (id, partner_id),
      CHECK ((catch_all IS NULL) = (catch_all_key IS NULL))
    )`);
  await q.query('CREATE INDEX domain_partner ON domain (partner_id, name)');
  await q.query(`
    CREATE FUNCTION rookery_domain_cluster() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    BEGIN
      IF NOT EXISTS (SELECT FROM cluster c WHERE c.id = NEW.cluster_id AND (c.shared OR c.partner_id = NEW.partner_id)) THEN
        RAISE foreign_key_violation USING MESSAGE = 'the cluster is not the partner''s to use', CONSTRAINT = 'domain_cluster_usable';
      END IF;
      RETURN NEW;
    END $$`);
  await q.query(`
    CREATE TRIGGER cluster_usable BEFORE INSERT OR UPDATE OF cluster_id, partner_id ON domain
      FOR EACH ROW EXECUTE FUNCTION rookery_domain_cluster()`);
  await q.query(`SELECT rookery_protect('domain')`);
}

async function accounts(q: QueryRunner): Promise<void> {
  await q.query(`
    CREATE TABLE account (
      id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      partner_id uuid NOT NULL,
      domain_id uuid NOT NULL,
      email text COLLATE "C" NOT NULL UNIQUE,
      display_name text,
      state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'suspended', 'receiveBlocked')),
      volume_id uuid NOT NULL REFERENCES volume(id),
      quota_bytes bigint NOT NULL DEFAULT 0 CHECK (quota_bytes >= 0),
      verifier text NOT NULL,
      version integer NOT NULL DEFAULT 1,
      created_at timestamptz NOT NULL DEFAULT now(),
      FOREIGN KEY (domain_id, partner_id) REFERENCES domain (id, partner_id)
    )`);
  await q.query('CREATE INDEX account_domain ON account (domain_id, email)');
  await q.query('CREATE INDEX account_partner ON account (partner_id, email)');
  await q.query('CREATE INDEX account_volume ON account (volume_id)');
  await q.query(`SELECT rookery_protect('account')`);
  await q.query(`
    -- What an account's node last said it holds.
    CREATE TABLE account_usage (
      account_id uuid PRIMARY KEY REFERENCES account(id) ON DELETE CASCADE,
      partner_id uuid NOT NULL REFERENCES partner(id),
      used_bytes bigint NOT NULL CHECK (used_bytes >= 0),
      as_of timestamptz NOT NULL DEFAULT now()
    )`);
  await q.query(`SELECT rookery_protect('account_usage', '')`);
  await q.query(`
    -- Accounts a volume holds, for placing new ones: counting millions would be too slow.
    CREATE TABLE volume_load (
      volume_id uuid PRIMARY KEY REFERENCES volume(id) ON DELETE CASCADE,
      accounts bigint NOT NULL CHECK (accounts >= 0)
    )`);
  await q.query('GRANT SELECT, INSERT, UPDATE, DELETE ON volume_load TO rookery_system');
  await q.query(`
    CREATE FUNCTION rookery_volume_load() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    BEGIN
      IF TG_OP <> 'INSERT' THEN
        UPDATE volume_load SET accounts = accounts - 1 WHERE volume_id = OLD.volume_id;
      END IF;
      IF TG_OP <> 'DELETE' THEN
        INSERT INTO volume_load VALUES (NEW.volume_id, 1)
          ON CONFLICT (volume_id) DO UPDATE SET accounts = volume_load.accounts + 1;
      END IF;
      RETURN NULL;
    END $$`);
  await q.query(`
    CREATE TRIGGER volume_load AFTER INSERT OR DELETE OR UPDATE OF volume_id ON account
      FOR EACH ROW EXECUTE FUNCTION rookery_volume_load()`);
}

async function aliases(q: QueryRunner): Promise<void> {
  await q.query(`
    CREATE TABLE alias (
      id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      partner_id uuid NOT NULL,
      domain_id uuid NOT NULL,
      email text COLLATE "C" NOT NULL UNIQUE,
      -- As they are sent to, and in the same order as they are looked up.
      targets text[] COLLATE "C" NOT NULL CHECK (cardinality(targets) BETWEEN 1 AND 1000),
      target_keys text[] COLLATE "C" NOT NULL,
      version integer NOT NULL DEFAULT 1,
      created_at timestamptz NOT NULL DEFAULT now(),
      FOREIGN KEY (domain_id, partner_id) REFERENCES domain (id, partner_id) ON DELETE CASCADE,
      CHECK (cardinality(target_keys) = cardinality(targets))
    )`);
  await q.query('CREATE INDEX alias_domain ON alias (domain_id, email)');
  await q.query('CREATE INDEX alias_partner ON alias (partner_id, email)');
  await q.query(`SELECT rookery_protect('alias')`);
}

async function addresses(q: QueryRunner): Promise<void> {
  await q.query(`
    CREATE FUNCTION rookery_address() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    BEGIN
      IF NOT EXISTS (SELECT FROM domain d WHERE d.id = NEW.domain_id AND d.name = substring(NEW.email FROM '[^@]*$')) THEN
        RAISE check_violation USING MESSAGE = 'the address is not of its domain', CONSTRAINT = 'address_domain';
      END IF;
      -- Two transactions that make an account and an alias of one address take turns.
      PERFORM pg_advisory_xact_lock(hashtextextended(NEW.email, 0));
      IF (TG_TABLE_NAME = 'account' AND EXISTS (SELECT FROM alias WHERE email = NEW.email))
        OR (TG_TABLE_NAME = 'alias' AND EXISTS (SELECT FROM account WHERE email = NEW.email)) THEN
        RAISE unique_violation USING MESSAGE = 'the address is taken', CONSTRAINT = 'address_taken';
      END IF;
      RETURN NEW;
    END $$`);
  for (const table of ['account', 'alias'])
    await q.query(`
      CREATE TRIGGER address BEFORE INSERT OR UPDATE OF email, domain_id ON ${table}
        FOR EACH ROW EXECUTE FUNCTION rookery_address()`);
  await q.query(`
    CREATE FUNCTION rookery_account_volume() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    BEGIN
      IF NOT EXISTS (
        SELECT FROM volume v JOIN domain d ON d.cluster_id = v.cluster_id
        WHERE v.id = NEW.volume_id AND d.id = NEW.domain_id
      ) THEN
        RAISE foreign_key_violation USING MESSAGE = 'the volume is of another cluster', CONSTRAINT = 'account_volume_cluster';
      END IF;
      RETURN NEW;
    END $$`);
  await q.query(`
    CREATE TRIGGER volume_cluster BEFORE INSERT OR UPDATE OF volume_id, domain_id ON account
      FOR EACH ROW EXECUTE FUNCTION rookery_account_volume()`);
}

async function apiKeys(q: QueryRunner): Promise<void> {
  await q.query(`
    CREATE TABLE api_key (
      id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      -- NULL: the operator's own, which no partner sees.
      partner_id uuid REFERENCES partner(id),
      name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
      prefix text COLLATE "C" NOT NULL UNIQUE,
      secret_hash bytea NOT NULL CHECK (length(secret_hash) = 32),
      scopes text[] NOT NULL CHECK (cardinality(scopes) > 0 AND scopes <@ '{read,write,operator}'),
      created_at timestamptz NOT NULL DEFAULT now(),
      last_used_at timestamptz,
      CHECK ((partner_id IS NULL) = ('operator' = ANY (scopes)))
    )`);
  await q.query('CREATE INDEX api_key_partner ON api_key (partner_id, id)');
  await q.query(`SELECT rookery_protect('api_key')`);
  await q.query(`
    -- Answers given to POSTs with an Idempotency-Key, to be given again.
    CREATE TABLE api_idempotency (
      api_key_id uuid NOT NULL REFERENCES api_key(id) ON DELETE CASCADE,
      idempotency_key text NOT NULL CHECK (length(idempotency_key) BETWEEN 1 AND 255),
      partner_id uuid REFERENCES partner(id),
      request_hash bytea NOT NULL,
      -- Encrypted under a key only the caller's secret gives, since an answer may hold a secret. NULL while the first request runs.
      sealed_response bytea,
      -- When a request that never finished stops being waited for.
      running_until timestamptz NOT NULL,
      expires_at timestamptz NOT NULL,
      PRIMARY KEY (api_key_id, idempotency_key)
    )`);
  await q.query('CREATE INDEX api_idempotency_expiry ON api_idempotency (expires_at)');
  await q.query(`SELECT rookery_protect('api_idempotency')`);
}

async function announcements(q: QueryRunner): Promise<void> {
  await q.query(`
    -- The argument says what to announce: 'email' (account, alias), 'name' (domain) or '*'.
    CREATE FUNCTION rookery_directory_changed() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE row_now jsonb := to_jsonb(CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END);
    BEGIN
      PERFORM pg_notify('directory_changed', CASE TG_ARGV[0]
        WHEN 'email' THEN row_now ->> 'email' WHEN 'name' THEN '@' || (row_now ->> 'name') ELSE '*' END);
      RETURN NULL;
    END $$`);
  const news: readonly { table: string; what: string; columns: readonly string[] }[] = [
    { table: 'account', what: 'email', columns: ['state', 'volume_id', 'quota_bytes', 'verifier'] },
    { table: 'alias', what: 'email', columns: ['targets', 'target_keys'] },
    { table: 'domain', what: 'name', columns: ['cluster_id', 'catch_all', 'detail_separator'] },
    { table: 'partner', what: '*', columns: ['state'] },
  ];
  for (const { table, what, columns } of news) {
    const row = (version: string): string => `(${columns.map((column) => `${version}.${column}`).join(', ')})`;
    await q.query(`
      CREATE TRIGGER announce_changes AFTER UPDATE ON ${table} FOR EACH ROW
        WHEN (${row('OLD')} IS DISTINCT FROM ${row('NEW')}) EXECUTE FUNCTION rookery_directory_changed('${what}')`);
    if (table === 'partner') continue;
    await q.query(`
      CREATE TRIGGER announce_rows AFTER INSERT OR DELETE ON ${table} FOR EACH ROW
        EXECUTE FUNCTION rookery_directory_changed('${what}')`);
  }
}

/** One step from an address to what it stands for: account, alias, address without detail, catch-all. By key only. */
async function resolution(q: QueryRunner): Promise<void> {
  await q.query(`
    CREATE FUNCTION directory_step(looked_up text, use_catch_all boolean)
      RETURNS TABLE (outcome text, base text, targets text[], target_keys text[], account_id uuid, domain_id uuid)
      LANGUAGE sql STABLE AS $$
      SELECT
        CASE
          WHEN d.id IS NULL THEN 'remote'
          WHEN a.id IS NOT NULL THEN 'account'
          WHEN l.id IS NOT NULL THEN 'alias'
          WHEN bare.known THEN 'detail'
          WHEN use_catch_all AND d.catch_all IS NOT NULL THEN 'catchAll'
          ELSE 'unknown'
        END,
        CASE WHEN d.id IS NOT NULL THEN bare.email END,
        CASE
          WHEN d.id IS NULL OR a.id IS NOT NULL THEN '{}'
          WHEN l.id IS NOT NULL THEN l.targets
          WHEN bare.known THEN ARRAY[bare.email]
          WHEN use_catch_all AND d.catch_all IS NOT NULL THEN ARRAY[d.catch_all]
          ELSE '{}'
        END,
        CASE
          WHEN d.id IS NULL OR a.id IS NOT NULL THEN '{}'
          WHEN l.id IS NOT NULL THEN l.target_keys
          WHEN bare.known THEN ARRAY[bare.email]
          WHEN use_catch_all AND d.catch_all IS NOT NULL THEN ARRAY[d.catch_all_key]
          ELSE '{}'
        END,
        a.id,
        d.id
      FROM (SELECT substring(looked_up FROM '^(.*)@') AS local, substring(looked_up FROM '[^@]*$') AS name) part
      LEFT JOIN domain d ON d.name = part.name
      LEFT JOIN account a ON a.email = looked_up
      LEFT JOIN alias l ON l.email = looked_up
      LEFT JOIN LATERAL (
        SELECT b.email, EXISTS (SELECT FROM account WHERE email = b.email) OR EXISTS (SELECT FROM alias WHERE email = b.email) AS known
        FROM (SELECT left(part.local, strpos(part.local, d.detail_separator) - 1) || '@' || part.name AS email) b
        WHERE d.detail_separator <> '' AND strpos(part.local, d.detail_separator) > 1
      ) bare ON true
    $$`);
}
