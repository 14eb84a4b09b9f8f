import type { Database, Queryable } from '#database';
import type { Clock } from '#stdx';
import { metersOf } from './meters.ts';
import { GAUGE_METERS, INTERVAL_METERS } from './usage-event.ts';

/**
 * Hourly buckets, derived from events: sums of counters by subject (of add-on meters the greatest value or the number of
 * different items, as they aggregate), resource-seconds of interval meters, byte-seconds of gauges by subject. Counters are brought up to date to the last event; intervals and levels to the last full hour.
 * A bucket that late events change gets a new version. Interrupted or run twice, it comes to the same.
 */
export class UsageRollup {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** Partners whose buckets are behind their events or the clock. */
  async due(limit: number): Promise<string[]> {
    const rows = await this.database.query<{ partner_id: string }>(
      `SELECT partner_id FROM ingest_counter LEFT JOIN usage_rollup rollup USING (partner_id)
       WHERE ingest_counter.seq > 0 AND (rollup.seq IS NULL OR rollup.seq < ingest_counter.seq OR rollup.sealed < date_trunc('hour', $1::timestamptz, 'UTC'))
       ORDER BY partner_id LIMIT $2`,
      [new Date(this.clock.now()), limit],
    );
    return rows.map(({ partner_id }) => partner_id);
  }

  /** Brings one partner's buckets up to date; returns how many were made or changed. */
  async roll(partnerId: string): Promise<number> {
    return this.database.transaction(async (client) => {
      const { rows } = await client.query<{ from_seq: string; upto_seq: string; since: Date | null; hour: Date }>(
        `WITH last AS (
           INSERT INTO usage_rollup (partner_id, seq, sealed) VALUES ($1, 0, '-infinity')
           ON CONFLICT (partner_id) DO UPDATE SET seq = usage_rollup.seq RETURNING seq, sealed)
         SELECT last.seq AS from_seq, counter.seq AS upto_seq, date_trunc('hour', $2::timestamptz, 'UTC') AS hour,
           date_trunc('hour', least(nullif(last.sealed, '-infinity'), (
             SELECT min(at) FROM usage_event WHERE partner_id = $1 AND seq > last.seq AND kind IN ('start', 'stop', 'gauge'))), 'UTC') AS since
         FROM last, ingest_counter counter WHERE counter.partner_id = $1`,
        [partnerId, new Date(this.clock.now())],
      );
      const state = rows[0];
      if (!state) return 0;
      let changed = await rollCounters(client, partnerId, state.from_seq, state.upto_seq);
      if (state.since && state.since < state.hour) {
        changed += await rollHours(client, partnerId, state.since, state.hour);
      }
      await client.query('UPDATE usage_rollup SET seq = $2, sealed = $3 WHERE partner_id = $1', [
        partnerId,
        state.upto_seq,
        state.hour,
      ]);
      return changed;
    });
  }
}

/** Writes fresh quantities over what is there; only what differs becomes a new version. */
const UPSERT = `
  INSERT INTO usage_bucket (partner_id, meter, hour, subject, quantity, digest)
  SELECT $1, meter, hour, subject, quantity, sha256(convert_to(meter || hour || subject || trim_scale(quantity), 'UTF8')) FROM fresh
  WHERE quantity <> 0 OR EXISTS (SELECT FROM usage_bucket old WHERE old.partner_id = $1 AND old.meter = fresh.meter AND old.hour = fresh.hour AND old.subject = fresh.subject)
  ON CONFLICT (partner_id, meter, hour, subject) DO UPDATE
    SET quantity = excluded.quantity, digest = excluded.digest, version = usage_bucket.version + 1
    WHERE usage_bucket.quantity <> excluded.quantity`;

const NOT_VOIDED = `NOT EXISTS (SELECT FROM usage_void void WHERE void.partner_id = event.partner_id AND void.event_seq = event.seq)`;

const COUNTER_QUANTITY = `coalesce(CASE event.kind
  WHEN 'peak' THEN max(quantity) FILTER (WHERE ${NOT_VOIDED})
  WHEN 'unique' THEN count(DISTINCT item) FILTER (WHERE ${NOT_VOIDED})
  ELSE sum(quantity) FILTER (WHERE ${NOT_VOIDED}) END, 0)`;

/**
 * Adds the events numbered from `from` on to their hours, whose other events are not read again: a partner's millionth event costs what
 * its first did. From 0 on, whatever is there is made again. Where adding does not do (different items, voided events), the hours are made again.
 */
async function rollCounters(client: Queryable, partnerId: string, from: string, upTo: string): Promise<number> {
  const added = await client.query(
    `WITH delta AS (
       SELECT meter, kind, date_trunc('hour', at, 'UTC') AS hour, subject, CASE kind WHEN 'peak' THEN max(quantity) ELSE sum(quantity) END AS quantity
       FROM usage_event event WHERE partner_id = $1 AND kind IN ('counter', 'peak') AND seq > $2 AND seq <= $3 AND ${NOT_VOIDED}
       GROUP BY meter, kind, date_trunc('hour', at, 'UTC'), subject
     ), fresh AS (
       SELECT meter, hour, subject, CASE kind WHEN 'peak' THEN greatest(kept.quantity, delta.quantity) ELSE coalesce(kept.quantity, 0) + delta.quantity END AS quantity
       FROM delta LEFT JOIN (SELECT * FROM usage_bucket WHERE partner_id = $1 AND $2::bigint > 0) kept USING (meter, hour, subject)
     ) ${UPSERT}`,
    [partnerId, from, upTo],
  );
  const remade = await client.query(
    `WITH touched AS (
       SELECT DISTINCT meter, date_trunc('hour', at, 'UTC') AS hour FROM usage_event
       WHERE partner_id = $1 AND kind = 'unique' AND seq > $2 AND seq <= $3
       UNION
       SELECT DISTINCT meter, date_trunc('hour', at, 'UTC') FROM usage_event event
       JOIN usage_void void ON void.partner_id = event.partner_id AND void.event_seq = event.seq
       WHERE event.partner_id = $1 AND kind IN ('counter', 'peak', 'unique') AND void.seq > $2 AND void.seq <= $3
     ), fresh AS (
       SELECT event.meter, touched.hour, subject, ${COUNTER_QUANTITY} AS quantity
       FROM touched JOIN usage_event event ON event.partner_id = $1 AND event.meter = touched.meter AND kind IN ('counter', 'peak', 'unique')
         AND at >= touched.hour AND at < touched.hour + interval '1 hour' AND event.seq <= $3
       GROUP BY event.meter, event.kind, touched.hour, subject
     ) ${UPSERT}`,
    [partnerId, from, upTo],
  );
  return (added.rowCount ?? 0) + (remade.rowCount ?? 0);
}

/** Resource-seconds of each hour of [$2, $3), whole partner, by meter. */
const FRESH_INTERVALS = `
  meter AS (SELECT DISTINCT meter FROM resource_interval WHERE partner_id = $1
            UNION SELECT DISTINCT meter FROM usage_bucket WHERE partner_id = $1 AND subject = '' AND hour >= $2 AND meter = ANY($4)),
  fresh AS (
    SELECT meter.meter, hour, '' AS subject, coalesce(sum(extract(epoch FROM
      least(coalesce(ended, 'infinity'), hour + interval '1 hour') - greatest(started, hour))) FILTER (WHERE life.id IS NOT NULL), 0) AS quantity
    FROM meter CROSS JOIN generate_series($2::timestamptz, $3::timestamptz - interval '1 hour', '1 hour') hour
    LEFT JOIN resource_interval life ON life.partner_id = $1 AND life.meter = meter.meter
      AND started < hour + interval '1 hour' AND (ended IS NULL OR ended > hour)
    GROUP BY meter.meter, hour)`;

/** Level-seconds of each hour of [$2, $3), of the gauges $4, by subject. */
const FRESH_LEVELS = `
  sample AS (
    SELECT gauge.* FROM unnest($4::text[]) name, rookery_levels_before($1, $2, 9223372036854775807, name) gauge
    UNION ALL
    SELECT meter, subject, quantity, seq, at FROM usage_event event
    WHERE partner_id = $1 AND meter = ANY($4) AND kind = 'gauge' AND at >= $2 AND at < $3 AND ${NOT_VOIDED}
  ), level AS (
    SELECT meter, subject, quantity, at AS started, lead(at, 1, $3::timestamptz) OVER (PARTITION BY meter, subject ORDER BY at, seq) AS ended FROM sample
  ), fresh AS (
    SELECT meter, hour, subject, sum(quantity * extract(epoch FROM
      least(ended, hour + interval '1 hour') - greatest(started, hour))) AS quantity
    FROM generate_series($2::timestamptz, $3::timestamptz - interval '1 hour', '1 hour') hour
    JOIN level ON started < hour + interval '1 hour' AND ended > hour
    GROUP BY meter, hour, subject)`;

/** Counters of each hour of [$2, $3), all but the meters $4, by subject. */
const FRESH_COUNTERS = `
  fresh AS (
    SELECT event.meter, date_trunc('hour', at, 'UTC') AS hour, subject, ${COUNTER_QUANTITY} AS quantity FROM usage_event event
    WHERE event.partner_id = $1 AND kind IN ('counter', 'peak', 'unique') AND at >= $2 AND at < $3 AND meter <> ALL($4)
    GROUP BY event.meter, event.kind, date_trunc('hour', at, 'UTC'), subject)`;

const levelMeters = async (client: Queryable, partnerId: string): Promise<string[]> => {
  const meters = await metersOf(client, partnerId);
  return [...GAUGE_METERS, ...meters.filter(({ aggregation }) => aggregation === 'level').map(({ code }) => code)];
};

async function rollHours(client: Queryable, partnerId: string, since: Date, until: Date): Promise<number> {
  const intervals = await client.query(`WITH ${FRESH_INTERVALS} ${UPSERT}`, [partnerId, since, until, INTERVAL_METERS]);
  const levels = await client.query(`WITH ${FRESH_LEVELS} ${UPSERT}`, [
    partnerId,
    since,
    until,
    await levelMeters(client, partnerId),
  ]);
  return (intervals.rowCount ?? 0) + (levels.rowCount ?? 0);
}

/** A bucket that is not what its events come to. */
export interface BucketDifference {
  readonly meter: string;
  readonly hour: Date;
  readonly subject: string;
  /** Decimals. */
  readonly expected: string;
  readonly found: string;
}

/** Every way buckets are made, with the meters that are made so ($4) and which buckets those are. */
const WAYS = [
  { fresh: FRESH_COUNTERS, own: 'bucket.meter <> ALL($4)' },
  { fresh: FRESH_INTERVALS, own: 'bucket.meter = ANY($4)' },
  { fresh: FRESH_LEVELS, own: 'bucket.meter = ANY($4)' },
] as const;

/** Makes the buckets of whole hours again, from their events and intervals, and says which were not the same. Nothing is written. */
export async function differingBuckets(
  client: Queryable,
  partnerId: string,
  from: Date,
  to: Date,
): Promise<BucketDifference[]> {
  const levels = await levelMeters(client, partnerId);
  const meters = [[...INTERVAL_METERS, ...levels], INTERVAL_METERS, levels];
  const differences: BucketDifference[] = [];
  for (const [index, { fresh, own }] of WAYS.entries()) {
    const { rows } = await client.query<BucketDifference & Record<string, unknown>>(
      `WITH ${fresh}, kept AS (SELECT * FROM usage_bucket bucket WHERE partner_id = $1 AND hour >= $2 AND hour < $3 AND ${own})
       SELECT meter, hour, subject, trim_scale(coalesce(fresh.quantity, 0))::text AS expected, trim_scale(coalesce(kept.quantity, 0))::text AS found
       FROM fresh FULL JOIN kept USING (meter, hour, subject)
       WHERE coalesce(fresh.quantity, 0) <> coalesce(kept.quantity, 0) ORDER BY meter, hour, subject LIMIT ${DIFFERENCES_MAX}`,
      [partnerId, from, to, meters[index]],
    );
    differences.push(...rows);
  }
  return differences;
}

/** Of one partner and day that are told: more say no more. */
const DIFFERENCES_MAX = 100;

/** Writes the buckets of whole hours as they come out now, with a new version where they differ; what nothing is behind becomes nothing. */
export async function remakeBuckets(client: Queryable, partnerId: string, from: Date, to: Date): Promise<void> {
  const levels = await levelMeters(client, partnerId);
  const meters = [[...INTERVAL_METERS, ...levels], INTERVAL_METERS, levels];
  for (const [index, { fresh, own }] of WAYS.entries()) {
    const values = [partnerId, from, to, meters[index]];
    await client.query(`WITH ${fresh} ${UPSERT}`, values);
    await client.query(
      `WITH ${fresh} UPDATE usage_bucket bucket SET quantity = 0, version = version + 1 WHERE partner_id = $1 AND hour >= $2 AND hour < $3
         AND ${own} AND quantity <> 0 AND NOT EXISTS (
           SELECT FROM fresh WHERE fresh.meter = bucket.meter AND fresh.hour = bucket.hour AND fresh.subject = bucket.subject)`,
      values,
    );
  }
}
