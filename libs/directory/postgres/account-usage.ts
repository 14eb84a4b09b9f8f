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

  /** By account id; leaves out accounts that are gone meanwhile, and never replaces a figure by an older one. */
  async remember(figures: ReadonlyMap<string, KnownUsage>): Promise<void> {
    const entries = [...figures];
    await this.database.query(
      `INSERT INTO account_usage (account_id, partner_id, used_bytes, as_of)
       SELECT a.id, a.partner_id, said.used_bytes, said.as_of
       FROM unnest($1::uuid[], $2::bigint[], $3::timestamptz[]) AS said(id, used_bytes, as_of)
       JOIN account a ON a.id = said.id ORDER BY a.id
       ON CONFLICT (account_id) DO UPDATE SET used_bytes = EXCLUDED.used_bytes, as_of = EXCLUDED.as_of
         WHERE account_usage.as_of < EXCLUDED.as_of`,
      [entries.map(([id]) => id), entries.map(([, { usedBytes }]) => usedBytes), entries.map(([, { at }]) => at)],
    );
  }
}
