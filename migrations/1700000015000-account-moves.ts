import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Accounts on their way from volume to volume. `partner_id` is the account's; the account may be gone before its move is over. */
export class AccountMoves1700000015000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    await q.query(`
      CREATE TABLE account_move (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        cluster_id uuid NOT NULL REFERENCES cluster(id),
        partner_id uuid NOT NULL REFERENCES partner(id),
        account_id uuid NOT NULL,
        email text NOT NULL,
        from_volume_id uuid NOT NULL REFERENCES volume(id),
        to_volume_id uuid NOT NULL REFERENCES volume(id),
        state text NOT NULL DEFAULT 'waiting' CHECK (
          state IN ('waiting', 'copying', 'switching', 'forgetting', 'cancelling', 'done', 'cancelled', 'failed')),
        bytes_total bigint,
        bytes_copied bigint NOT NULL DEFAULT 0,
        passes integer NOT NULL DEFAULT 0,
        held_ms double precision,
        trouble text,
        requested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        -- When what the source still holds is removed.
        forget_at timestamptz,
        finished_at timestamptz,
        CHECK (from_volume_id <> to_volume_id)
      )`);
    await q.query(`
      CREATE UNIQUE INDEX account_move_under_way ON account_move (account_id)
        WHERE state IN ('waiting', 'copying', 'switching', 'cancelling')`);
    await q.query(`
      CREATE INDEX account_move_unfinished ON account_move (cluster_id, id)
        WHERE state NOT IN ('done', 'cancelled', 'failed')`);
    await q.query('CREATE INDEX account_move_log ON account_move (cluster_id, id)');
    await q.query(`SELECT rookery_protect('account_move', '')`);
  }

  async down(): Promise<void> {
    throw new Error('The timeline only goes forward.');
  }
}
