import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What release each member is, and which feature level its cluster has. Who writes without these columns is a release from
 * before there were any: it counts as one that knows protocol 2 and the first level. A member that said that it ends is
 * `stopped`, not `down`.
 */
export class Releases1700000025000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    for (const [table, states] of [
      ['hub', "'up', 'down', 'stopped'"],
      ['node', "'active', 'standby', 'draining', 'down', 'stopped', 'fenced'"],
    ])
      await q.query(`
        ALTER TABLE ${table}
          ADD COLUMN protocol_oldest integer NOT NULL DEFAULT 2,
          ADD COLUMN protocol_newest integer NOT NULL DEFAULT 2,
          ADD COLUMN feature_oldest integer NOT NULL DEFAULT 1,
          ADD COLUMN feature_newest integer NOT NULL DEFAULT 1,
          DROP CONSTRAINT ${table}_state_check,
          ADD CONSTRAINT ${table}_state_check CHECK (state IN (${states}))`);
    await q.query(`
      ALTER TABLE cluster
        ADD COLUMN feature_level integer NOT NULL DEFAULT 1 CHECK (feature_level >= 1),
        ADD COLUMN feature_raise text NOT NULL DEFAULT 'manual' CHECK (feature_raise IN ('auto', 'manual'))`);
    await q.query(`
      CREATE FUNCTION rookery_feature_level() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF NEW.feature_level < OLD.feature_level THEN
          RAISE EXCEPTION 'the feature level of cluster % only rises', OLD.id;
        END IF;
        PERFORM pg_notify('cluster_changed', NEW.id::text);
        RETURN NEW;
      END $$`);
    await q.query(
      'CREATE TRIGGER feature_level BEFORE UPDATE OF feature_level ON cluster FOR EACH ROW EXECUTE FUNCTION rookery_feature_level()',
    );
  }

  async down(): Promise<void> {
    throw new Error('The timeline only goes forward.');
  }
}
