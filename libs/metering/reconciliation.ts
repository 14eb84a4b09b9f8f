import type { Database, Queryable } from '#database';
import type { Clock } from '#stdx';
import type { Observation, UsageFindings } from './findings.ts';
import { historyDifferences, lifetimeDifferences } from './history-checks.ts';
import { KIND_OF_METER } from './intervals.ts';
import { differingBuckets, remakeBuckets, type UsageRollup } from './rollup.ts';
import type { IntervalMeter } from './usage-event.ts';
import { PostgresUsageReader } from './usage-reader.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** Days that are made up for when nobody reconciled: a week's outage of the job. */
const DAYS_BACK = 7;
/** Refused events of partners are kept for the record so long. */
const REFUSALS_KEPT_DAYS = 90;

export interface DueDay {
  readonly partnerId: string;
  /** YYYY-MM-DD, UTC. */
  readonly day: string;
}

/** Compares, day by day, what was counted with what it is made of and with what there is. */
export class UsageReconciliation {
  private readonly reader: PostgresUsageReader;

  constructor(
    private readonly database: Database,
    private readonly rollup: UsageRollup,
    private readonly findings: UsageFindings,
    private readonly clock: Pick<Clock, 'now'>,
  ) {
    this.reader = new PostgresUsageReader(database);
  }

  /** Whole days (UTC) that were not compared yet, and those that something is still open of; the oldest first. */
  async due(limit: number): Promise<DueDay[]> {
    const rows = await this.database.query<{ partner_id: string; day: string }>(
      `WITH today AS (SELECT date_trunc('day', $1::timestamptz, 'UTC') AS start)
       SELECT partner_id, to_char(day AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day FROM (
         SELECT counter.partner_id, series.day FROM today, ingest_counter counter JOIN partner ON partner.id = counter.partner_id
           CROSS JOIN LATERAL generate_series(greatest(date_trunc('day', partner.created_at, 'UTC'), start - $2 * interval '1 day'), start - interval '1 day', '1 day') AS series (day)
         WHERE counter.seq > 0 AND NOT EXISTS (SELECT FROM reconcile_run run WHERE run.partner_id = counter.partner_id AND run.day = (series.day AT TIME ZONE 'UTC')::date)
         UNION
         SELECT finding.partner_id, date_trunc('day', started, 'UTC') FROM today, usage_finding finding
         JOIN reconcile_run run ON run.partner_id = finding.partner_id AND run.day = (date_trunc('day', started, 'UTC') AT TIME ZONE 'UTC')::date
         WHERE resolved_at IS NULL AND kind IN ('bucket', 'interval', 'lifetime') AND started < start AND run.checked_at < start
       ) due ORDER BY day, partner_id LIMIT $3`,
      [new Date(this.clock.now()), DAYS_BACK, limit],
    );
    return rows.map(({ partner_id, day }) => ({ partnerId: partner_id, day }));
  }

  /** Compares one partner's day; returns how much was found. Run twice, it is run once. */
  async reconcile({ partnerId, day }: DueDay): Promise<number> {
    const from = Date.parse(`${day}T00:00:00Z`);
    const to = from + DAY_MS;
    await this.rollup.roll(partnerId);
    const ofDay = await this.database.transaction(async (client) => {
      // What is compared must be of one moment.
      await client.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ');
      const buckets = await this.buckets(client, partnerId, from, to);
      const lifetimes = await lifetimeDifferences(client, partnerId, new Date(from), new Date(to));
      return [...buckets, ...(await this.intervals(client, partnerId, from, to)), ...lifetimes];
    });
    const present = await this.database.transaction((client) =>
      historyDifferences(client, partnerId, this.clock.now()),
    );
    await this.findings.observe({ partnerId, kinds: ['bucket', 'interval', 'lifetime'], from, to }, ofDay);
    await this.findings.observe({ partnerId, kinds: ['role', 'gone', 'mailbox'] }, present);
    // Buckets are derived: found wrong, they are told of and made again. The next look resolves what was found.
    if (ofDay.some(({ kind }) => kind === 'bucket'))
      await this.database.transaction((client) => remakeBuckets(client, partnerId, new Date(from), new Date(to)));
    const found = ofDay.length + present.length;
    await this.database.query(
      `INSERT INTO reconcile_run (partner_id, day, found, checked_at) VALUES ($1, $2, $3, $4)
       ON CONFLICT (partner_id, day) DO UPDATE SET found = excluded.found, checked_at = excluded.checked_at`,
      [partnerId, day, found, new Date(this.clock.now())],
    );
    return found;
  }

  /** Forgets refused events of partners after a while: they were answered, and never counted. */
  async forgetRefusals(): Promise<void> {
    await this.database.query(
      `DELETE FROM usage_quarantine WHERE refused AND received_at < $1::timestamptz - $2 * interval '1 day'`,
      [new Date(this.clock.now()), REFUSALS_KEPT_DAYS],
    );
  }

  private async buckets(client: Queryable, partnerId: string, from: number, to: number): Promise<Observation[]> {
    const differing = await differingBuckets(client, partnerId, new Date(from), new Date(to));
    return differing.map(({ meter, hour, subject, expected, found }) => ({
      kind: 'bucket',
      meter,
      subject,
      started: hour.getTime(),
      ended: hour.getTime() + HOUR_MS,
      expected,
      found,
      detail: `The bucket of ${meter}${subject && ` of ${subject}`} at ${hour.toISOString()} is ${found}; its events come to ${expected}.`,
    }));
  }

  /** Intervals as they are kept against what replaying every start and stop event gives, within the day. */
  private async intervals(client: Queryable, partnerId: string, from: number, to: number): Promise<Observation[]> {
    // Read by another connection, the events up to the snapshot's last number are the snapshot's.
    const last = await client.query<{ seq: string }>('SELECT seq FROM ingest_counter WHERE partner_id = $1', [
      partnerId,
    ]);
    const cutoff = BigInt(last.rows[0]?.seq ?? 0);
    const facts = await this.reader.facts({ partnerId, cuts: [from, to], cutoff });
    const { rows } = await client.query<{ meter: IntervalMeter; resource: string; started: Date; ended: Date | null }>(
      `SELECT meter, resource, started, ended FROM resource_interval
       WHERE partner_id = $1 AND started < $3 AND coalesce(ended, 'infinity') > $2`,
      [partnerId, new Date(from), new Date(to)],
    );
    const clipped = (start: number, end: number | null): [number, number] => [
      Math.max(start, from),
      Math.min(end ?? to, to),
    ];
    const textOf = (meter: string, subject: string, span: [number, number]): string =>
      [meter, subject, ...span].join(' ');
    const replayed = new Map(
      facts.intervals.map(({ meter, subject, ...life }) => {
        const span = clipped(life.from, life.to);
        return [textOf(meter, subject, span), { meter, subject, span }];
      }),
    );
    const kept = new Map(
      rows.map(({ meter, resource, started, ended }) => {
        const span = clipped(started.getTime(), ended?.getTime() ?? null);
        return [textOf(meter, resource, span), { meter, subject: resource, span }];
      }),
    );
    const missing = [...replayed].filter(([key]) => !kept.has(key)).map(([, life]) => ({ ...life, isKept: false }));
    const extra = [...kept].filter(([key]) => !replayed.has(key)).map(([, life]) => ({ ...life, isKept: true }));
    return [...missing, ...extra]
      .slice(0, INTERVALS_TOLD_MAX)
      .map(({ meter, subject, span: [start, end], isKept }) => ({
        kind: 'interval',
        meter,
        subject: `${subject}${isKept ? ' kept' : ''}`,
        started: start,
        ended: end,
        detail: `The ${KIND_OF_METER[meter as IntervalMeter]} ${subject} is ${isKept ? 'kept' : 'not kept'} as ${meter} from ${new Date(start).toISOString()} to ${new Date(end).toISOString()}; its events say ${isKept ? 'otherwise' : 'so'}.`,
      }));
  }
}

const INTERVALS_TOLD_MAX = 100;
