import type { UsageLine } from '#api-schema';
import type { Database } from '#database';

interface Measured {
  readonly meter: UsageLine['meter'];
  readonly quantity: string;
  readonly subjects: number;
}

/** Hours of intervals, the most mailboxes at one time (at one instant ends come before beginnings), messages, GB-hours of a level held until the next. */
const MEASURE = `
  WITH span AS (SELECT $2::timestamptz AS start, least($3::timestamptz, now()) AS until),
  life AS (
    SELECT i.meter, i.resource, greatest(i.started, span.start) AS started, least(coalesce(i.ended, span.until), span.until) AS ended
    FROM resource_interval i, span
    WHERE i.partner_id = $1 AND i.started < span.until AND coalesce(i.ended, span.until) > span.start
  ),
  mailbox_change AS (
    SELECT sum(change) OVER (ORDER BY at, change ROWS UNBOUNDED PRECEDING) AS mailboxes
    FROM (
      SELECT started AS at, 1 AS change FROM life WHERE meter = 'mailbox'
      UNION ALL SELECT ended, -1 FROM life WHERE meter = 'mailbox'
    ) c
  ),
  level AS (
    SELECT e.subject, e.quantity, greatest(e.at, span.start) AS since,
      least(coalesce(lead(e.at) OVER (PARTITION BY e.subject ORDER BY e.at, e.seq), span.until), span.until) AS until
    FROM usage_event e, span
    WHERE e.partner_id = $1 AND e.kind = 'gauge' AND e.meter = 'storage-bytes'
      AND e.at >= span.start - interval '62 days' AND e.at < span.until
      AND NOT EXISTS (SELECT FROM usage_void v WHERE v.partner_id = e.partner_id AND v.event_seq = e.seq)
  )
  SELECT meter, round(sum(extract(epoch FROM ended - started)) / 3600, 6)::text AS quantity, count(DISTINCT resource)::int AS subjects
    FROM life WHERE meter <> 'mailbox' GROUP BY meter
  UNION ALL
  SELECT 'mailbox', max(mailboxes)::text, (SELECT count(DISTINCT resource)::int FROM life WHERE meter = 'mailbox')
    FROM mailbox_change HAVING count(*) > 0
  UNION ALL
  SELECT e.meter, sum(e.quantity)::text, count(DISTINCT e.subject)::int
    FROM usage_event e, span
    WHERE e.partner_id = $1 AND e.kind = 'counter' AND e.at >= span.start AND e.at < span.until
      AND NOT EXISTS (SELECT FROM usage_void v WHERE v.partner_id = e.partner_id AND v.event_seq = e.seq)
    GROUP BY e.meter
  UNION ALL
  SELECT 'storage-bytes', round(sum(quantity * extract(epoch FROM until - since)) / (3600 * 1e9), 6)::text, count(DISTINCT subject)::int
    FROM level WHERE until > since HAVING count(*) > 0`;

const UNITS: Readonly<Record<UsageLine['meter'], UsageLine['unit']>> = {
  hub: 'hours',
  'node-active': 'hours',
  'node-standby': 'hours',
  mailbox: 'mailboxes',
  'messages-in': 'messages',
  'messages-out': 'messages',
  'storage-bytes': 'gb-hours',
};
const ORDER = Object.keys(UNITS);

/** What was counted, summed up for people; what is charged is billing's to say. */
export class UsageReport {
  constructor(private readonly database: Database) {}

  /** Until now, when the period runs. Bounds are instants. */
  async between(partnerId: string, from: Date, to: Date): Promise<UsageLine[]> {
    const rows = await this.database.asPartner(
      partnerId,
      async (client) => (await client.query<Measured>(MEASURE, [partnerId, from, to])).rows,
    );
    return rows
      .map(({ meter, quantity, subjects }) => ({ meter, unit: UNITS[meter], quantity: trim(quantity), subjects }))
      .sort((a, b) => ORDER.indexOf(a.meter) - ORDER.indexOf(b.meter));
  }
}

/** `12.500000` → `12.5`. */
const trim = (decimal: string): string => (decimal.includes('.') ? decimal.replace(/\.?0+$/, '') : decimal);
