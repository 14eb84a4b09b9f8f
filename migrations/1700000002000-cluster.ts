import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Clusters, their members, who leads and who owns what. `partner_id` is everywhere the cluster's owner: the partner who
 * pays for its hub- and node-hours. Changes that matter to hubs are announced on `cluster_changed` by triggers, so that
 * nobody who writes can forget to.
 */
export class Cluster1700000002000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      CREATE TABLE cluster (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        partner_id uuid NOT NULL REFERENCES partner(id),
        name text NOT NULL UNIQUE CHECK (name ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
        -- Signs hand-overs and control hellos between this cluster's hubs and nodes.
        key bytea NOT NULL CHECK (length(key) >= 32),
        created_at timestamptz NOT NULL DEFAULT now()
      )`);
    await q.query(`SELECT rookery_protect('cluster', '')`);
    // A partner may see its cluster, never the key.
    await q.query('REVOKE SELECT ON cluster FROM rookery_tenant');
    await q.query('GRANT SELECT (id, partner_id, name, created_at) ON cluster TO rookery_tenant');
    await members(q);
    await volumes(q);
    await leadership(q);
    await announcements(q);
  }

  async down(): Promise<void> {
    throw new Error('The timeline only goes forward.');
  }
}

async function members(q: QueryRunner): Promise<void> {
  // role_change counts changes of what a member is billed as; role_since is when the last one was. Together they make
  // usage event ids deterministic and keep a subject's intervals in order even when the server's clock is set back.
  await q.query(`
    CREATE TABLE hub (
      id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      cluster_id uuid NOT NULL REFERENCES cluster(id),
      partner_id uuid NOT NULL REFERENCES partner(id),
      name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
      relay_host text NOT NULL,
      relay_port integer NOT NULL CHECK (relay_port BETWEEN 0 AND 65535),
      version text NOT NULL DEFAULT '',
      state text NOT NULL CHECK (state IN ('up', 'down')),
      sessions integer NOT NULL DEFAULT 0,
      -- Nodes this hub cannot reach: its voice in whether one is down.
      missing uuid[] NOT NULL DEFAULT '{}',
      role_change bigint NOT NULL DEFAULT 0,
      role_since timestamptz NOT NULL DEFAULT '-infinity',
      started_at timestamptz NOT NULL DEFAULT now(),
      last_seen_at timestamptz NOT NULL DEFAULT now(),
      UNIQUE (cluster_id, name)
    )`);
  await q.query(`
    CREATE TABLE node (
      id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      cluster_id uuid NOT NULL REFERENCES cluster(id),
      partner_id uuid NOT NULL REFERENCES partner(id),
      name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
      control_host text NOT NULL,
      control_port integer NOT NULL CHECK (control_port BETWEEN 0 AND 65535),
      data_host text NOT NULL,
      data_port integer NOT NULL CHECK (data_port BETWEEN 0 AND 65535),
      state text NOT NULL DEFAULT 'down' CHECK (state IN ('active', 'standby', 'draining', 'down', 'fenced')),
      eligible boolean NOT NULL DEFAULT true,
      weight double precision NOT NULL DEFAULT 1 CHECK (weight > 0),
      version text NOT NULL DEFAULT '',
      -- An operator's wish that it owns nothing.
      drain boolean NOT NULL DEFAULT false,
      -- The meter its running interval counts on; NULL while it is not billed.
      meter text CHECK (meter IN ('node-active', 'node-standby')),
      role_change bigint NOT NULL DEFAULT 0,
      role_since timestamptz NOT NULL DEFAULT '-infinity',
      last_seen_at timestamptz,
      created_at timestamptz NOT NULL DEFAULT now(),
      UNIQUE (cluster_id, name)
    )`);
  await q.query(`SELECT rookery_protect('hub', ''), rookery_protect('node', '')`);
}

async function volumes(q: QueryRunner): Promise<void> {
  await q.query(`
    CREATE TABLE volume (
      id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
      cluster_id uuid NOT NULL REFERENCES cluster(id),
      partner_id uuid NOT NULL REFERENCES partner(id),
      name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
      volume_class text NOT NULL DEFAULT 'standard',
      weight double precision NOT NULL DEFAULT 1 CHECK (weight > 0),
      mount jsonb NOT NULL,
      fence jsonb,
      preferred_node_id uuid REFERENCES node(id) ON DELETE SET NULL,
      epoch bigint NOT NULL DEFAULT 0,
      -- No cascade: a node that owns a volume cannot be removed.
      owner_node_id uuid REFERENCES node(id),
      state text NOT NULL DEFAULT 'unassigned' CHECK (state IN ('unassigned', 'opening', 'serving', 'failed')),
      -- It has served once: from then on an empty directory is a mount that failed, not a volume to be made.
      served boolean NOT NULL DEFAULT false,
      -- An operator's wish that it moves there.
      move_to_node_id uuid REFERENCES node(id) ON DELETE SET NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      UNIQUE (cluster_id, name),
      CHECK ((owner_node_id IS NULL) = (state = 'unassigned'))
    )`);
  await q.query('CREATE INDEX volume_owner ON volume (owner_node_id)');
  await q.query(`
    -- Epochs only rise, whoever writes.
    CREATE FUNCTION rookery_volume_epoch() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF NEW.epoch < OLD.epoch OR (NEW.epoch = OLD.epoch AND NEW.owner_node_id IS DISTINCT FROM OLD.owner_node_id) THEN
        RAISE EXCEPTION 'volume % changes owner without a new epoch', OLD.id;
      END IF;
      RETURN NEW;
    END $$`);
  await q.query('CREATE TRIGGER epoch BEFORE UPDATE ON volume FOR EACH ROW EXECUTE FUNCTION rookery_volume_epoch()');
  await q.query(`SELECT rookery_protect('volume', '')`);
}

async function leadership(q: QueryRunner): Promise<void> {
  await q.query(`
    CREATE TABLE leader_lease (
      cluster_id uuid PRIMARY KEY REFERENCES cluster(id),
      partner_id uuid NOT NULL REFERENCES partner(id),
      holder_hub_id uuid,
      epoch bigint NOT NULL DEFAULT 0,
      expires_at timestamptz NOT NULL DEFAULT '-infinity'
    )`);
  await q.query(`
    CREATE TABLE cluster_event (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      cluster_id uuid NOT NULL REFERENCES cluster(id),
      partner_id uuid NOT NULL REFERENCES partner(id),
      at timestamptz NOT NULL DEFAULT clock_timestamp(),
      kind text NOT NULL,
      subject text NOT NULL,
      detail jsonb NOT NULL DEFAULT '{}',
      duration_ms double precision
    )`);
  await q.query('CREATE INDEX cluster_event_log ON cluster_event (cluster_id, id)');
  await q.query(`SELECT rookery_protect('leader_lease', ''), rookery_protect('cluster_event', '')`);
}

async function announcements(q: QueryRunner): Promise<void> {
  await q.query(`
    CREATE FUNCTION rookery_cluster_changed() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM pg_notify('cluster_changed', coalesce(NEW.cluster_id, OLD.cluster_id)::text);
      RETURN NULL;
    END $$`);
  // A heartbeat alone is no news; what others act upon is.
  const newsOf: Record<string, readonly string[]> = {
    hub: ['name', 'relay_host', 'relay_port', 'state', 'missing'],
    node: ['name', 'control_host', 'control_port', 'data_host', 'data_port', 'state', 'eligible', 'weight', 'drain'],
    volume: ['name', 'mount', 'fence', 'weight', 'preferred_node_id', 'epoch', 'state', 'move_to_node_id'],
    leader_lease: ['holder_hub_id', 'epoch'],
  };
  for (const [table, columns] of Object.entries(newsOf)) {
    const row = (version: string): string => `(${columns.map((column) => `${version}.${column}`).join(', ')})`;
    await q.query(`
      CREATE TRIGGER announce_rows AFTER INSERT OR DELETE ON ${table}
        FOR EACH ROW EXECUTE FUNCTION rookery_cluster_changed();
      CREATE TRIGGER announce_changes AFTER UPDATE ON ${table}
        FOR EACH ROW WHEN (${row('OLD')} IS DISTINCT FROM ${row('NEW')}) EXECUTE FUNCTION rookery_cluster_changed()`);
  }
}
