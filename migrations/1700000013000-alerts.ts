import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What needs an operator in a cluster, who is told, and what each was told. */
export class Alerts1700000013000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      CREATE TABLE alert (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        cluster_id uuid NOT NULL REFERENCES cluster(id) ON DELETE CASCADE,
        partner_id uuid NOT NULL REFERENCES partner(id),
        kind text NOT NULL,
        subject text NOT NULL,
        detail text NOT NULL,
        since timestamptz NOT NULL,
        -- NULL while it stands.
        resolved_at timestamptz,
        -- The cluster event it is news of.
        event_id bigint UNIQUE
      )`);
    await q.query('CREATE UNIQUE INDEX alert_standing ON alert (cluster_id, kind, subject) WHERE resolved_at IS NULL');
    await q.query('CREATE INDEX alert_latest ON alert (cluster_id, since)');
    await q.query(`SELECT rookery_protect('alert', '')`);
    await q.query(`
      CREATE TABLE alert_channel (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        cluster_id uuid NOT NULL REFERENCES cluster(id) ON DELETE CASCADE,
        partner_id uuid NOT NULL REFERENCES partner(id),
        kind text NOT NULL CHECK (kind IN ('mail', 'webhook')),
        target text NOT NULL CHECK (length(target) BETWEEN 3 AND 2000),
        secret bytea NOT NULL,
        repeat_minutes integer NOT NULL CHECK (repeat_minutes BETWEEN 1 AND 10080),
        created_at timestamptz NOT NULL DEFAULT now(),
        -- Some process tells it something until then, or it failed and rests.
        busy_until timestamptz NOT NULL DEFAULT '-infinity',
        failure text,
        UNIQUE (cluster_id, target)
      )`);
    await q.query(`SELECT rookery_protect('alert_channel', '')`);
    // A webhook's secret is shown once.
    await q.query('REVOKE SELECT ON alert_channel FROM rookery_tenant');
    await q.query(
      'GRANT SELECT (id, cluster_id, partner_id, kind, target, repeat_minutes, created_at, failure) ON alert_channel TO rookery_tenant',
    );
    await q.query(`
      CREATE TABLE alert_told (
        alert_id uuid NOT NULL REFERENCES alert(id) ON DELETE CASCADE,
        channel_id uuid NOT NULL REFERENCES alert_channel(id) ON DELETE CASCADE,
        partner_id uuid NOT NULL REFERENCES partner(id),
        at timestamptz NOT NULL,
        of_end boolean NOT NULL,
        PRIMARY KEY (alert_id, channel_id)
      )`);
    await q.query('CREATE INDEX alert_told_channel ON alert_told (channel_id)');
    await q.query(`SELECT rookery_protect('alert_told', '')`);
  }

  async down(): Promise<void> {
    throw new Error('The timeline only goes forward.');
  }
}
