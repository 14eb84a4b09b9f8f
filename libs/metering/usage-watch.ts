import type { Database, Queryable } from '#database';
import type { Clock } from '#stdx';
import type { Observation, UsageFindings } from './findings.ts';
import { metersOf } from './meters.ts';
import { GAUGE_METERS } from './usage-event.ts';

const HOUR_MS = 3_600_000;
/** A level nobody said for longer is a gap (docs/BILLING.md): eight of a node's samples missing in a row. */
const SILENCE_MS = 2 * HOUR_MS;
/** How far each look goes back: a day, and the silence that may have begun before it. */
const LOOK_BACK_MS = 26 * HOUR_MS;

/** Watches that live meters speak: whatever is silent is found while it is, not when the month is billed. */
export class UsageWatch {
  constructor(
    private readonly database: Database,
    private readonly findings: UsageFindings,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  /** Every partner that anything was ever counted of. */
  async due(): Promise<string[]> {
    const rows = await this.database.query<{ partner_id: string }>(
      'SELECT partner_id FROM ingest_counter WHERE seq > 0 ORDER BY partner_id',
    );
    return rows.map(({ partner_id }) => partner_id);
  }

  /** Looks at the last day, and again at whatever silence is still open. Returns how much is silent. */
  async watch(partnerId: string): Promise<number> {
    const now = this.clock.now();
    const [open] = await this.database.query<{ since: Date | null }>(
      `SELECT min(started) AS since FROM usage_finding WHERE partner_id = $1 AND kind = 'silent' AND resolved_at IS NULL`,
      [partnerId],
    );
    const from = Math.min(now - LOOK_BACK_MS, open?.since?.getTime() ?? now);
    const observed = await this.database.transaction(async (client) => [
      ...(await silentLevels(client, partnerId, from, now)),
      ...(await silentAddOns(client, partnerId, now)),
      ...(await silentRollup(client, partnerId, now)),
    ]);
    await this.findings.observe({ partnerId, kinds: ['silent'], from, to: now }, observed);
    return observed.length;
  }
}

/** Levels above nothing that were held for too long: until the next sample, or still. */
async function silentLevels(
  client: Queryable,
  partnerId: string,
  from: number,
  now: number,
): Promise<readonly Observation[]> {
  const { rows } = await client.query<{ meter: string; subject: string; at: Date; until: Date | null; value: string }>(
    `SELECT meter, subject, at, until, value FROM (
       SELECT meter, subject, at, trim_scale(quantity)::text AS value, quantity, lead(at) OVER (PARTITION BY meter, subject ORDER BY at, seq) AS until FROM (
         SELECT gauge.* FROM unnest($5::text[]) name, rookery_levels_before($1, $2, 9223372036854775807, name) gauge
         UNION ALL
         SELECT meter, subject, quantity, seq, at FROM usage_event event
         WHERE partner_id = $1 AND meter = ANY($5) AND kind = 'gauge' AND at >= $2 AND at < $3
           AND NOT EXISTS (SELECT FROM usage_void void WHERE void.partner_id = event.partner_id AND void.event_seq = event.seq)
       ) sample
     ) level WHERE quantity <> 0 AND coalesce(until, $3) - at > $4 * interval '1 millisecond' ORDER BY at, meter, subject`,
    [partnerId, new Date(from), new Date(now), SILENCE_MS, GAUGE_METERS],
  );
  return rows.map(({ meter, subject, at, until, value }) => ({
    kind: 'silent',
    meter,
    subject,
    started: at.getTime(),
    ended: until?.getTime() ?? null,
    found: value,
    detail: `Nothing was said of ${meter} of ${subject} from ${at.toISOString()} ${until ? `to ${until.toISOString()}` : 'on'}: ${value} is held.`,
  }));
}

/** Add-on meters that are to be heard of within some hours and were not. */
async function silentAddOns(client: Queryable, partnerId: string, now: number): Promise<readonly Observation[]> {
  const observed: Observation[] = [];
  for (const { code, silentHours, partnerId: owner, createdAt, archivedAt, aggregation } of await metersOf(
    client,
    partnerId,
  )) {
    if (silentHours === null || archivedAt) continue;
    // Levels are found by their index. Buckets of what is counted say to the hour when something was; of a level there is one every hour.
    const { rows } = await client.query<{ at: Date | null }>(
      aggregation === 'level'
        ? `SELECT max(at) AS at FROM rookery_levels_before($1, 'infinity', 9223372036854775807, $2)`
        : `SELECT max(hour) + interval '1 hour' AS at FROM usage_bucket WHERE partner_id = $1 AND meter = $2`,
      [partnerId, code],
    );
    const heard = rows[0]?.at?.getTime();
    // A meter of everybody's is silent for who feeds it, not for who never did.
    if (heard === undefined && owner === null) continue;
    const since = heard ?? createdAt.getTime();
    if (now - since <= silentHours * HOUR_MS) continue;
    const detail = `Nothing came of the meter ${code} since ${new Date(since).toISOString()}: it is to be heard of every ${silentHours} hours.`;
    observed.push({ kind: 'silent', meter: code, subject: '', started: since, ended: null, detail });
  }
  return observed;
}

/** Buckets that nobody makes any more. */
async function silentRollup(client: Queryable, partnerId: string, now: number): Promise<readonly Observation[]> {
  const { rows } = await client.query<{ since: Date }>(
    `SELECT coalesce(rollup.sealed, (SELECT received_at FROM usage_event WHERE partner_id = $1 ORDER BY seq LIMIT 1)) AS since
     FROM ingest_counter counter LEFT JOIN usage_rollup rollup USING (partner_id) WHERE partner_id = $1 AND counter.seq > 0`,
    [partnerId],
  );
  const since = rows[0]?.since.getTime();
  if (since === undefined || now - since <= SILENCE_MS + HOUR_MS) return [];
  const detail = `No hourly buckets were made since ${new Date(since).toISOString()}.`;
  return [{ kind: 'silent', meter: '', subject: 'rollup', started: since, ended: null, detail }];
}
