import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Metering (what happened, once for ever) and the catalogue (what it costs, never changed once published). Events are
 * append-only; intervals and buckets are derived from them and can be made again.
 */
export class Billing1700000004000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    await q.query('CREATE EXTENSION IF NOT EXISTS btree_gist');
    await q.query(`
      CREATE FUNCTION rookery_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        RAISE EXCEPTION '% of % refused: its rows are never changed', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
      END $$`);
    await events(q);
    await derived(q);
    await catalogue(q);
    await subscriptions(q);
    await defaultPrices(q);
  }

  async down(): Promise<void> {
    throw new Error('The timeline only goes forward.');
  }
}

/** Rows that are added and never touched again, by anybody. */
async function freeze(q: QueryRunner, table: string): Promise<void> {
  await q.query(
    `CREATE TRIGGER never_changed BEFORE UPDATE OR DELETE ON ${table} FOR EACH ROW EXECUTE FUNCTION rookery_refuse_change()`,
  );
  await q.query(
    `CREATE TRIGGER never_emptied BEFORE TRUNCATE ON ${table} FOR EACH STATEMENT EXECUTE FUNCTION rookery_refuse_change()`,
  );
  await q.query(`REVOKE UPDATE, DELETE ON ${table} FROM rookery_system`);
}

async function events(q: QueryRunner): Promise<void> {
  // The counter's row lock is held until the batch commits, so the order of seq is the order of commits: "seq <= n" is a
  // set of events that can never grow.
  await q.query(`
    CREATE TABLE ingest_counter (
      partner_id uuid PRIMARY KEY REFERENCES partner(id),
      seq bigint NOT NULL DEFAULT 0
    )`);
  await q.query(`SELECT rookery_protect('ingest_counter', '')`);
  await q.query(`
    -- Neither this nor usage_event refers to partner: ingest_counter does, and a check for each row would cost as much
    -- as the row.
    CREATE TABLE usage_event_key (
      partner_id uuid NOT NULL,
      source text NOT NULL,
      event_id text NOT NULL,
      -- SHA-256 of the body: the same id with another body is a conflict, not a duplicate.
      payload_hash bytea NOT NULL,
      seq bigint NOT NULL,
      PRIMARY KEY (partner_id, source, event_id)
    )`);
  await q.query(`SELECT rookery_protect('usage_event_key', '')`);
  await freeze(q, 'usage_event_key');
  await q.query(`
    CREATE TABLE usage_event (
      partner_id uuid NOT NULL,
      seq bigint NOT NULL,
      at timestamptz(3) NOT NULL,
      source text NOT NULL,
      event_id text NOT NULL,
      kind text NOT NULL CHECK (kind IN ('counter', 'start', 'stop', 'gauge')),
      meter text NOT NULL,
      subject text NOT NULL,
      label text,
      -- Counter: how much; gauge: the level; start and stop: nothing.
      quantity numeric(38, 10),
      received_at timestamptz(3) NOT NULL DEFAULT now(),
      PRIMARY KEY (partner_id, seq, at),
      CHECK ((quantity IS NULL) = (kind IN ('start', 'stop')))
    ) PARTITION BY RANGE (at)`);
  await q.query(
    `CREATE INDEX usage_event_state ON usage_event (partner_id, meter, subject, at) WHERE kind IN ('start', 'stop', 'gauge')`,
  );
  await q.query(`SELECT rookery_protect('usage_event', '')`);
  await freeze(q, 'usage_event');
  await q.query(`
    -- Makes the partition of the month that day is in, unless it is there.
    CREATE FUNCTION rookery_usage_partition(day date) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
    DECLARE month date := date_trunc('month', day)::date;
    DECLARE name text := 'usage_event_' || to_char(month, 'YYYY_MM');
    BEGIN
      IF to_regclass(name) IS NOT NULL THEN RETURN; END IF;
      PERFORM pg_advisory_xact_lock(hashtext('rookery_usage_partition'));
      EXECUTE format('CREATE TABLE IF NOT EXISTS %I PARTITION OF usage_event FOR VALUES FROM (%L) TO (%L)',
        name, to_char(month, 'YYYY-MM-DD') || ' 00:00:00+00', to_char(month + interval '1 month', 'YYYY-MM-DD') || ' 00:00:00+00');
      EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    END $$`);
  await q.query('REVOKE EXECUTE ON FUNCTION rookery_usage_partition(date) FROM PUBLIC');
  await q.query('GRANT EXECUTE ON FUNCTION rookery_usage_partition(date) TO rookery_system');
  await q.query(`
    SELECT rookery_usage_partition((date_trunc('month', now() AT TIME ZONE 'UTC') + n * interval '1 month')::date)
    FROM generate_series(-1, 2) n`);
  await q.query(`
    -- An event that should not count, from the run with this sequence number on. The event itself stays.
    CREATE TABLE usage_void (
      partner_id uuid NOT NULL REFERENCES partner(id),
      event_seq bigint NOT NULL,
      seq bigint NOT NULL,
      reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
      actor text NOT NULL,
      voided_at timestamptz(3) NOT NULL DEFAULT now(),
      PRIMARY KEY (partner_id, event_seq)
    )`);
  await q.query(`SELECT rookery_protect('usage_void', '')`);
  await freeze(q, 'usage_void');
  await q.query(`
    -- Events that were not counted, each with its reason; once each, however often they are sent.
    CREATE TABLE usage_quarantine (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      -- Null when the event names nobody we know.
      partner_id uuid REFERENCES partner(id),
      reason text NOT NULL CHECK (reason IN ('conflict', 'future', 'tooOld', 'unknownPartner', 'invalid')),
      detail text NOT NULL,
      payload jsonb NOT NULL,
      payload_hash bytea NOT NULL,
      state text NOT NULL DEFAULT 'held' CHECK (state IN ('held', 'released', 'discarded')),
      -- Refused events were answered with an error and are kept for the record only.
      refused boolean NOT NULL,
      received_at timestamptz(3) NOT NULL DEFAULT now(),
      times bigint NOT NULL DEFAULT 1,
      UNIQUE (payload_hash, reason)
    )`);
  await q.query(`CREATE INDEX usage_quarantine_partner ON usage_quarantine (partner_id, id)`);
  await q.query(`SELECT rookery_protect('usage_quarantine', '')`);
}

async function derived(q: QueryRunner): Promise<void> {
  await q.query(`
    -- A resource's life in one role, made from its start and stop events. No instant counts twice: a node is active or
    -- standby, never both.
    CREATE TABLE resource_interval (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      partner_id uuid NOT NULL REFERENCES partner(id),
      kind text NOT NULL CHECK (kind IN ('hub', 'node', 'mailbox')),
      resource text NOT NULL,
      meter text NOT NULL,
      label text,
      started timestamptz(3) NOT NULL,
      ended timestamptz(3),
      -- The events that began and ended it.
      start_seq bigint NOT NULL,
      end_seq bigint,
      CHECK (ended > started),
      EXCLUDE USING gist (partner_id WITH =, kind WITH =, resource WITH =, tstzrange(started, ended) WITH &&)
    )`);
  await q.query('CREATE INDEX resource_interval_meter ON resource_interval (partner_id, meter, started)');
  await q.query(`SELECT rookery_protect('resource_interval', '')`);
  await q.query(`
    -- An hour (UTC) of a meter: sum of a counter by subject, resource-seconds of an interval meter, byte-seconds of a
    -- gauge by subject. Derived; the version grows when late events change it.
    CREATE TABLE usage_bucket (
      partner_id uuid NOT NULL REFERENCES partner(id),
      meter text NOT NULL,
      hour timestamptz(0) NOT NULL,
      subject text NOT NULL,
      quantity numeric(38, 10) NOT NULL,
      version integer NOT NULL DEFAULT 1,
      digest bytea NOT NULL,
      PRIMARY KEY (partner_id, meter, hour, subject)
    )`);
  await q.query(`SELECT rookery_protect('usage_bucket', '')`);
  await q.query(`
    -- How far a partner's buckets have been made: events up to seq, hours before sealed.
    CREATE TABLE usage_rollup (
      partner_id uuid PRIMARY KEY REFERENCES partner(id),
      seq bigint NOT NULL,
      sealed timestamptz(0) NOT NULL
    )`);
  await q.query(`SELECT rookery_protect('usage_rollup', '')`);
}

/** Lists of all partners have no partner; each may read them and nobody but the system writes. */
async function sharedReadable(q: QueryRunner, table: string): Promise<void> {
  await q.query(`SELECT rookery_protect('${table}', '')`);
  await q.query(`CREATE POLICY shared ON ${table} FOR SELECT TO rookery_tenant USING (partner_id IS NULL)`);
}

async function catalogue(q: QueryRunner): Promise<void> {
  await q.query(`
    CREATE TABLE price_list (
      id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      partner_id uuid REFERENCES partner(id),
      name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
      created_at timestamptz NOT NULL DEFAULT now()
    )`);
  await sharedReadable(q, 'price_list');
  await q.query(`
    CREATE TABLE price_list_version (
      id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      partner_id uuid REFERENCES partner(id),
      price_list_id uuid NOT NULL REFERENCES price_list(id),
      version integer NOT NULL CHECK (version > 0),
      currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
      published_at timestamptz NOT NULL DEFAULT now(),
      UNIQUE (price_list_id, version)
    )`);
  await sharedReadable(q, 'price_list_version');
  await freeze(q, 'price_list_version');
  await q.query(`
    CREATE TABLE price_component (
      version_id uuid NOT NULL REFERENCES price_list_version(id),
      partner_id uuid REFERENCES partner(id),
      position integer NOT NULL,
      component text NOT NULL,
      kind text NOT NULL,
      meters text[] NOT NULL,
      measure text NOT NULL,
      -- { model, … } with every price and bound a decimal string.
      model jsonb NOT NULL,
      description text NOT NULL,
      unit text NOT NULL,
      tax_class text NOT NULL DEFAULT 'standard',
      counts_toward_commitment boolean NOT NULL,
      PRIMARY KEY (version_id, component)
    )`);
  await sharedReadable(q, 'price_component');
  await freeze(q, 'price_component');
}

async function subscriptions(q: QueryRunner): Promise<void> {
  await q.query(`
    CREATE TABLE subscription (
      id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      partner_id uuid NOT NULL REFERENCES partner(id),
      -- Copied from the partner: its billing months stay cut where they were when it moves.
      time_zone text NOT NULL,
      anchor_day integer NOT NULL DEFAULT 1 CHECK (anchor_day BETWEEN 1 AND 31),
      started timestamptz(3) NOT NULL,
      ended timestamptz(3),
      EXCLUDE USING gist (partner_id WITH =, tstzrange(started, ended) WITH &&)
    )`);
  await q.query(`SELECT rookery_protect('subscription', '')`);
  await q.query(`
    -- Which prices held when. Segments follow each other without overlap.
    CREATE TABLE subscription_segment (
      id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      partner_id uuid NOT NULL REFERENCES partner(id),
      subscription_id uuid NOT NULL REFERENCES subscription(id),
      price_list_version_id uuid NOT NULL REFERENCES price_list_version(id),
      started timestamptz(3) NOT NULL,
      ended timestamptz(3),
      EXCLUDE USING gist (subscription_id WITH =, tstzrange(started, ended) WITH &&)
    )`);
  await q.query(`SELECT rookery_protect('subscription_segment', '')`);
}

/** What a partner pays who has agreed nothing else: `DEFAULT_PRICE_LIST_VERSION` in libs/billing/api names it. */
async function defaultPrices(q: QueryRunner): Promise<void> {
  const version = '00000000-0000-4000-8000-000000000001';
  await q.query(`INSERT INTO price_list (id, name) VALUES ($1, 'Standard')`, [version]);
  await q.query(`INSERT INTO price_list_version (id, price_list_id, version, currency) VALUES ($1, $1, 1, 'EUR')`, [
    version,
  ]);
  const unit = (price: string) => ({ model: 'unit', price });
  const graduated = {
    model: 'graduated',
    tiers: [
      { upTo: '10000', price: '0' },
      { upTo: '100000', price: '0.0004' },
      { upTo: null, price: '0.00025' },
    ],
  };
  const components = [
    ['hub-hours', 'hub-hours', ['hub'], 'hours', unit('0.08'), 'Hub hours', 'hour'],
    ['node-hours-active', 'node-hours-active', ['node-active'], 'hours', unit('0.12'), 'Node hours, active', 'hour'],
    [
      'node-hours-standby',
      'node-hours-standby',
      ['node-standby'],
      'hours',
      unit('0.05'),
      'Node hours, standby',
      'hour',
    ],
    // Prorated by the day: a mailbox made on the last of the month does not cost the month.
    ['mailboxes', 'mailboxes', ['mailbox'], 'prorated', unit('1.50'), 'Mailboxes, by the day', 'mailbox'],
    ['storage-hot', 'gb-hours', ['storage-bytes'], 'gigabyte-months', unit('0.20'), 'Hot storage', 'GB-month'],
    ['messages', 'messages', ['messages-in', 'messages-out'], 'total', graduated, 'Messages in and out', 'message'],
  ] as const;
  for (const [position, [component, kind, meters, measure, model, description, name]] of components.entries()) {
    await q.query(
      `INSERT INTO price_component (version_id, position, component, kind, meters, measure, model, description, unit, counts_toward_commitment)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, true)`,
      [version, position, component, kind, meters, measure, JSON.stringify(model), description, name],
    );
  }
}
