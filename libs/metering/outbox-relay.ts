import type { Database } from '#database';
import type { IngestSummary } from './ingest.ts';
import type { PostgresMetering } from './postgres-metering.ts';
import { USAGE_BATCH_MAX, USAGE_TOPIC } from './usage-event.ts';

const NOTHING: IngestSummary = { outcomes: [], accepted: 0, duplicates: 0, rejected: 0 };

/**
 * Counts what the outbox holds and deletes it, in one transaction. Any number may run at once: each takes rows the
 * others have not (SKIP LOCKED). Killed at any point, the rows are still there or the events are counted.
 */
export class UsageOutboxRelay {
  constructor(
    private readonly database: Database,
    private readonly metering: PostgresMetering,
    private readonly batchMax = USAGE_BATCH_MAX,
  ) {}

  /** One batch, oldest first. Nothing given back means nothing was waiting. */
  async relay(): Promise<IngestSummary> {
    return this.database.transaction(async (client) => {
      const { rows } = await client.query<{ id: string; payload: unknown }>(
        'SELECT id, payload FROM outbox WHERE topic = $1 ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED',
        [USAGE_TOPIC, this.batchMax],
      );
      if (rows.length === 0) return NOTHING;
      const batch = await this.metering.prepare(rows.map(({ payload }) => payload));
      const summary = await this.metering.ingestWithin(client, batch, 'internal');
      await client.query('DELETE FROM outbox WHERE id = ANY($1::bigint[])', [rows.map(({ id }) => id)]);
      return summary;
    });
  }

  /** How many events wait and since when (milliseconds), for metrics. */
  async backlog(): Promise<{ readonly events: number; readonly oldestAt: number | null }> {
    const [row] = await this.database.query<{ events: string; oldest: Date | null }>(
      'SELECT count(*) AS events, min(created_at) AS oldest FROM outbox WHERE topic = $1',
      [USAGE_TOPIC],
    );
    return { events: Number(row?.events ?? 0), oldestAt: row?.oldest?.getTime() ?? null };
  }
}
