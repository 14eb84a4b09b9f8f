import type { Database } from '#database';

/** What an account held, and when its node said so. */
export interface KnownUsage {
  readonly usedBytes: number;
  readonly at: Date;
}

/** The last figures nodes gave, for when they cannot be asked. Read and written as the system: callers have found the accounts under their own context. */
export class PostgresAccountUsage {
  constructor(private readonly database: Database) {}

  /** By account id; accounts nothing is known of are absent. */
  async lastKnown(accountIds: readonly string[]): Promise<ReadonlyMap<string, KnownUsage>> {
    const rows = await this.database.query<{ account_id: string; used_bytes: string; as_of: Date }>(
      'SELECT account_id, used_bytes, as_of FROM account_usage WHERE account_id = ANY($1::uuid[])',
      [accountIds],
    );
    return new Map(rows.map((row) => [row.account_id, { usedBytes: Number(row.used_bytes), at: row.as_of }]));
  }

  /** Forgets it when the account is gone meanwhile. */
  async remember(accountId: string, usedBytes: number, at: Date): Promise<void> {
    await this.database.query(
      `INSERT INTO account_usage (account_id, partner_id, used_bytes, as_of)
       SELECT id, partner_id, $2, $3 FROM account WHERE id = $1
       ON CONFLICT (account_id) DO UPDATE SET used_bytes = EXCLUDED.used_bytes, as_of = EXCLUDED.as_of
         WHERE account_usage.as_of < EXCLUDED.as_of`,
      [accountId, usedBytes, at],
    );
  }
}
