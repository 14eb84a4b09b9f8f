import type { Database, Queryable } from '#database';
import type { Clock } from '#stdx';
import { type Alert, type AlertKind, type Condition, type News, RAISE_AFTER_MS } from './model.ts';

export interface WatchedCluster {
  readonly id: string;
  readonly name: string;
  readonly partnerId: string;
}

interface AlertRow {
  readonly id: string;
  readonly kind: AlertKind;
  readonly subject: string;
  readonly detail: string;
  readonly grade: number;
  readonly since: Date;
  readonly resolved_at: Date | null;
}

/** Resolved alerts are kept this long. */
const KEPT_DAYS = 90;

/** Which alerts stand, and which there were. */
export class AlertBook {
  constructor(
    private readonly database: Database,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  /** Writes down what is so now and what happened. What is no longer so is resolved; what did not last long enough to be raised is forgotten. */
  async observe(cluster: WatchedCluster, conditions: readonly Condition[], news: readonly News[]): Promise<void> {
    const now = new Date(this.clock.now());
    await this.database.transaction(async (client) => {
      // Several processes look: they take turns.
      await client.query("SELECT pg_advisory_xact_lock(hashtextextended('alerts ' || $1, 0))", [cluster.id]);
      const { rows: open } = await client.query<AlertRow>(
        'SELECT * FROM alert WHERE cluster_id = $1 AND resolved_at IS NULL',
        [cluster.id],
      );
      for (const condition of conditions) await raise(client, cluster, condition, now);
      for (const alert of open)
        if (!conditions.some((condition) => isSame(condition, alert))) await resolve(client, alert, now);
      for (const { eventId, at, kind, subject, detail } of news)
        await client.query(
          `INSERT INTO alert (cluster_id, partner_id, kind, subject, detail, since, resolved_at, event_id)
           VALUES ($1, $2, $3, $4, $5, $6, $6, $7) ON CONFLICT DO NOTHING`,
          [cluster.id, cluster.partnerId, kind, subject, detail, at, eventId],
        );
      await client.query(`DELETE FROM alert WHERE cluster_id = $1 AND resolved_at < $2::timestamptz - $3::interval`, [
        cluster.id,
        now,
        `${KEPT_DAYS} days`,
      ]);
    });
  }

  /** The latest first; standing ones alone when asked. */
  async list(clusterId: string, onlyOpen: boolean, limit: number): Promise<readonly Alert[]> {
    const rows = await this.database.query<AlertRow>(
      `SELECT * FROM alert WHERE cluster_id = $1 AND (NOT $2 OR resolved_at IS NULL) ORDER BY since DESC, id LIMIT $3`,
      [clusterId, onlyOpen, limit],
    );
    const now = this.clock.now();
    return rows.map(alertOf).filter((alert) => alert.resolvedAt !== null || isRaised(alert, now));
  }
}

export const alertOf = ({ id, kind, subject, detail, grade, since, resolved_at }: AlertRow): Alert => ({
  id,
  kind,
  subject,
  detail,
  grade,
  since,
  resolvedAt: resolved_at,
});

const isRaised = ({ kind, since }: Pick<Alert, 'kind' | 'since'>, now: number): boolean =>
  now - since.getTime() >= RAISE_AFTER_MS[kind];
const isSame = (a: Condition, b: Condition): boolean => a.kind === b.kind && a.subject === b.subject;

async function raise(client: Queryable, cluster: WatchedCluster, condition: Condition, now: Date): Promise<void> {
  const { kind, subject, detail, grade = 0 } = condition;
  await client.query(
    `INSERT INTO alert (cluster_id, partner_id, kind, subject, detail, since, grade) VALUES ($1, $2, $3, $4, $5, $6, $7)
     ON CONFLICT (cluster_id, kind, subject) WHERE resolved_at IS NULL
     DO UPDATE SET detail = excluded.detail, grade = excluded.grade`,
    [cluster.id, cluster.partnerId, kind, subject, detail, now, grade],
  );
}

async function resolve(client: Queryable, alert: AlertRow, now: Date): Promise<void> {
  if (isRaised(alert, now.getTime()))
    await client.query('UPDATE alert SET resolved_at = $2 WHERE id = $1', [alert.id, now]);
  else await client.query('DELETE FROM alert WHERE id = $1', [alert.id]);
}
