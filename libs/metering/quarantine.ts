import type { Database } from '#database';
import type { Clock } from '#stdx';
import type { IngestSummary } from './ingest.ts';
import type { PostgresMetering } from './postgres-metering.ts';

/** Events that were not counted, each once with its reason. */
export class UsageQuarantine {
  constructor(
    private readonly database: Database,
    private readonly metering: PostgresMetering,
    private readonly clock: Clock,
  ) {}

  /** Counts those of our own that came ahead of their time, now that it has come. Returns what became of them. */
  async releaseDue(limit = 1_000): Promise<IngestSummary> {
    return this.release(
      `reason = 'future' AND NOT refused AND (payload->>'at')::timestamptz <= $1`,
      [new Date(this.clock.now())],
      limit,
    );
  }

  /** Counts one again after an operator mended what was wrong (a partner that was missing, a clock). */
  async releaseOne(id: string): Promise<IngestSummary> {
    return this.release('id = $1::bigint', [id], 1);
  }

  /** An operator decides that it never counts. `false` when it is not held. */
  async discard(id: string): Promise<boolean> {
    const rows = await this.database.query(
      `UPDATE usage_quarantine SET state = 'discarded' WHERE id = $1::bigint AND state = 'held' RETURNING id`,
      [id],
    );
    return rows.length > 0;
  }

  /** Held events by reason, for metrics and alerts. */
  async held(): Promise<ReadonlyMap<string, number>> {
    const rows = await this.database.query<{ reason: string; events: string }>(
      `SELECT reason, count(*) AS events FROM usage_quarantine WHERE state = 'held' AND NOT refused GROUP BY reason`,
    );
    return new Map(rows.map(({ reason, events }) => [reason, Number(events)]));
  }

  /** Taken, counted and marked in one transaction; one that is refused again stays held. */
  private async release(where: string, values: readonly unknown[], limit: number): Promise<IngestSummary> {
    return this.database.transaction(async (client) => {
      const { rows } = await client.query<{ id: string; payload: unknown }>(
        `SELECT id, payload FROM usage_quarantine WHERE state = 'held' AND ${where} ORDER BY id LIMIT ${limit} FOR UPDATE SKIP LOCKED`,
        [...values],
      );
      const batch = await this.metering.prepare(rows.map(({ payload }) => payload));
      const summary = await this.metering.ingestWithin(client, batch, 'internal');
      const counted = rows.filter((_, index) => summary.outcomes[index]?.outcome !== 'rejected').map(({ id }) => id);
      await client.query(`UPDATE usage_quarantine SET state = 'released' WHERE id = ANY($1::bigint[])`, [counted]);
      return summary;
    });
  }
}
