import {
  type AccountMove,
  type AccountMoveState,
  type AccountMoves,
  ClusterStateUnavailableError,
  type MoveProgress,
  type MoveRefusal,
} from '#cluster/api';
import { type Database, isDatabaseUnavailable, type Queryable } from '#database';
import { err, ok, present, type Result } from '#stdx';
import { leads } from './leadership.ts';

/** As the driver gives it: bigint as text, timestamptz as Date. */
interface MoveRow {
  readonly id: string;
  readonly cluster_id: string;
  readonly account_id: string;
  readonly email: string;
  readonly partner_id: string;
  /** The account's now; NULL when it is gone. */
  readonly quota_bytes: string | null;
  readonly from_volume_id: string;
  readonly to_volume_id: string;
  readonly state: AccountMoveState;
  readonly bytes_total: string | null;
  readonly bytes_copied: string;
  readonly passes: number;
  readonly held_ms: number | null;
  readonly trouble: string | null;
  readonly requested_at: Date;
  readonly updated_at: Date;
  readonly forget_at: Date | null;
  readonly finished_at: Date | null;
}

const SELECT = 'SELECT m.*, a.quota_bytes FROM account_move m LEFT JOIN account a ON a.id = m.account_id';
const OVER = `('done', 'cancelled', 'failed')`;
const TROUBLE_CHARS_MAX = 1_000;

/** One cluster's moves in PostgreSQL. A leader's writes lock the lease row first, as those of `PostgresClusterState` do. */
export class PostgresAccountMoves implements AccountMoves {
  constructor(
    private readonly clusterId: string,
    private readonly database: Database,
  ) {}

  request(accountId: string, toVolumeId: string): Promise<Result<AccountMove, MoveRefusal>> {
    return this.write(async (client): Promise<Result<AccountMove, MoveRefusal>> => {
      const { rows: accounts } = await client.query<{ volume_id: string }>(
        `SELECT a.volume_id FROM account a JOIN volume v ON v.id = a.volume_id
         WHERE a.id = $1 AND v.cluster_id = $2 FOR UPDATE OF a`,
        [accountId, this.clusterId],
      );
      const volume = 'SELECT id FROM volume WHERE id = $1 AND cluster_id = $2';
      const { rows: volumes } = await client.query<{ id: string }>(volume, [toVolumeId, this.clusterId]);
      if (!accounts[0]) return err('accountNotFound');
      if (!volumes[0]) return err('volumeNotFound');
      if (accounts[0].volume_id === toVolumeId) return err('alreadyThere');
      const { rows: made } = await client.query<{ id: string }>(
        `INSERT INTO account_move (cluster_id, partner_id, account_id, email, from_volume_id, to_volume_id)
         SELECT $2, partner_id, id, email, volume_id, $3 FROM account WHERE id = $1
         ON CONFLICT (account_id) WHERE state IN ('waiting', 'copying', 'switching', 'cancelling') DO NOTHING
         RETURNING id`,
        [accountId, this.clusterId, toVolumeId],
      );
      if (!made[0]) return err('alreadyMoving');
      await client.query(
        `UPDATE account_move SET forget_at = clock_timestamp() WHERE account_id = $1 AND state = 'forgetting'`,
        [accountId],
      );
      const { rows } = await client.query<MoveRow>(`${SELECT} WHERE m.id = $1`, [made[0].id]);
      return ok(moveOf(present(rows[0], 'the move just made')));
    });
  }

  async find(id: string): Promise<AccountMove | undefined> {
    const [move] = await this.read('m.id = $2', [id]);
    return move;
  }

  list({ limit, before, accountId }: Parameters<AccountMoves['list']>[0]): Promise<readonly AccountMove[]> {
    return this.read(
      '($2::bigint IS NULL OR m.id < $2) AND ($3::uuid IS NULL OR m.account_id = $3) ORDER BY m.id DESC LIMIT $4',
      [before ?? null, accountId ?? null, limit],
    );
  }

  async cancel(id: string): Promise<boolean> {
    const cancelled = await this.ask(() =>
      this.database.query(
        `UPDATE account_move SET state = 'cancelling', updated_at = clock_timestamp()
         WHERE cluster_id = $1 AND id = $2 AND state IN ('waiting', 'copying') RETURNING id`,
        [this.clusterId, id],
      ),
    );
    return cancelled.length === 1;
  }

  unfinished(): Promise<readonly AccountMove[]> {
    return this.read(
      `m.state NOT IN ${OVER} AND (m.state <> 'forgetting' OR m.forget_at <= clock_timestamp()) ORDER BY m.id`,
      [],
    );
  }

  advance(
    leaderEpoch: number,
    { id, state }: Pick<AccountMove, 'id' | 'state'>,
    { state: next, bytesTotal, bytesCopied, passes, trouble }: MoveProgress,
  ): Promise<boolean> {
    return this.asLeader(leaderEpoch, async (client) => {
      const { rowCount } = await client.query(
        `UPDATE account_move SET state = coalesce($4, state), bytes_total = coalesce($5, bytes_total),
           bytes_copied = coalesce($6, bytes_copied), passes = coalesce($7, passes),
           trouble = CASE WHEN $8 THEN $9 ELSE trouble END, updated_at = clock_timestamp(),
           finished_at = CASE WHEN $4 IN ${OVER} THEN clock_timestamp() ELSE finished_at END
         WHERE cluster_id = $1 AND id = $2 AND state = $3`,
        [
          ...[this.clusterId, id, state, next ?? null, bytesTotal ?? null, bytesCopied ?? null, passes ?? null],
          ...[trouble !== undefined, trouble?.slice(0, TROUBLE_CHARS_MAX) ?? null],
        ],
      );
      return rowCount === 1;
    });
  }

  flip(
    leaderEpoch: number,
    id: string,
    { heldMs, graceMs }: { readonly heldMs: number; readonly graceMs: number },
  ): Promise<boolean> {
    return this.asLeader(leaderEpoch, async (client) => {
      const { rows } = await client.query<MoveRow>(
        `SELECT * FROM account_move WHERE cluster_id = $1 AND id = $2 AND state = 'switching' FOR UPDATE`,
        [this.clusterId, id],
      );
      const [move] = rows;
      if (!move) return false;
      const { rowCount } = await client.query(
        'UPDATE account SET volume_id = $2, version = version + 1 WHERE id = $1 AND volume_id = $3',
        [move.account_id, move.to_volume_id, move.from_volume_id],
      );
      if (rowCount !== 1) return false;
      await client.query(
        `UPDATE account_move SET state = 'forgetting', held_ms = $2, trouble = NULL, updated_at = clock_timestamp(),
           forget_at = clock_timestamp() + $3 * interval '1 ms' WHERE id = $1`,
        [id, heldMs, graceMs],
      );
      return true;
    });
  }

  private read(condition: string, values: readonly unknown[]): Promise<readonly AccountMove[]> {
    return this.ask(async () => {
      const sql = `${SELECT} WHERE m.cluster_id = $1 AND ${condition}`;
      return (await this.database.query<MoveRow>(sql, [this.clusterId, ...values])).map(moveOf);
    });
  }

  private asLeader(leaderEpoch: number, work: (client: Queryable) => Promise<boolean>): Promise<boolean> {
    return this.write(async (client) => (await leads(client, this.clusterId, leaderEpoch)) && work(client));
  }

  private write<T>(work: (client: Queryable) => Promise<T>): Promise<T> {
    return this.ask(() => this.database.transaction(work));
  }

  private async ask<T>(question: () => Promise<T>): Promise<T> {
    try {
      return await question();
    } catch (error) {
      if (isDatabaseUnavailable(error))
        throw new ClusterStateUnavailableError('the control plane does not answer', { cause: error });
      throw error;
    }
  }
}

const moveOf = (row: MoveRow): AccountMove => ({
  id: row.id,
  clusterId: row.cluster_id,
  accountId: row.account_id,
  email: row.email,
  partnerId: row.partner_id,
  quotaBytes: Number(row.quota_bytes ?? 0),
  accountExists: row.quota_bytes !== null,
  fromVolumeId: row.from_volume_id,
  toVolumeId: row.to_volume_id,
  state: row.state,
  bytesTotal: row.bytes_total === null ? null : Number(row.bytes_total),
  bytesCopied: Number(row.bytes_copied),
  passes: row.passes,
  heldMs: row.held_ms,
  trouble: row.trouble,
  requestedAt: row.requested_at,
  updatedAt: row.updated_at,
  forgetAt: row.forget_at,
  finishedAt: row.finished_at,
});
