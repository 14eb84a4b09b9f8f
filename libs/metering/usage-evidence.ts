import type { Database } from '#database';
import { err, ok, type Result } from '#stdx';
import type { IntervalMeter } from './usage-event.ts';

/** What lies behind a line: facts of some meters in [from, to), a page at a time. */
export interface EvidenceQuestion {
  readonly partnerId: string;
  readonly meters: readonly string[];
  /** Milliseconds. */
  readonly from: number;
  readonly to: number;
  /** 1 … 500, default 50. */
  readonly limit?: number;
  /** `next` of the page before. */
  readonly after?: string;
}

export interface EvidencePage<T> {
  readonly items: readonly T[];
  readonly next?: string;
}

/** A life that reaches into the range. Instants are ISO 8601. */
export interface IntervalEvidence {
  readonly meter: IntervalMeter;
  readonly resource: string;
  readonly label: string | null;
  readonly from: string;
  /** `null` while it lasts. */
  readonly to: string | null;
  /** The part inside the range (up to now, while it lasts). */
  readonly counted: { readonly from: string; readonly to: string; readonly seconds: number };
  /** Sequence numbers of the events that began and ended it. */
  readonly startSeq: string;
  readonly endSeq: string | null;
}

/** A level held from one sample to the next. */
export interface LevelEvidence {
  readonly meter: string;
  readonly subject: string;
  readonly value: string;
  readonly counted: { readonly from: string; readonly to: string; readonly seconds: number };
  readonly seq: string;
}

/** One hour (UTC) of a counter: the sum, the greatest value or how many different items, as its meter has it. */
export interface HourEvidence {
  readonly meter: string;
  readonly hour: string;
  readonly subject: string;
  readonly quantity: string;
  readonly events: number;
}

export interface EventEvidence {
  readonly seq: string;
  readonly at: string;
  readonly source: string;
  readonly id: string;
  readonly kind: string;
  readonly meter: string;
  readonly subject: string;
  readonly label: string | null;
  readonly quantity: string | null;
  readonly item: string | null;
  readonly receivedAt: string;
  readonly voided: string | null;
}

type Answer<T> = Promise<Result<EvidencePage<T>, 'badCursor'>>;

const PAGE_DEFAULT = 50;
const PAGE_MAX = 500;
const ISO = `'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'`;
const iso = (expression: string): string => `to_char(${expression} AT TIME ZONE 'UTC', ${ISO})`;
const COUNTED_SPAN = (from: string, to: string): string => `json_build_object(
  'from', ${iso(`greatest(${from}, $3::timestamptz)`)}, 'to', ${iso(`least(coalesce(${to}, $5), $4::timestamptz)`)},
  'seconds', extract(epoch FROM least(coalesce(${to}, $5), $4) - greatest(${from}, $3::timestamptz))::float8)`;
/** No cut-off. */
const EVERYTHING = '9223372036854775807';
const NOT_VOIDED = `NOT EXISTS (SELECT FROM usage_void void WHERE void.partner_id = event.partner_id AND void.event_seq = event.seq)`;

/** The intervals, levels, hours and events that lines are made of; bound to the partner by row-level security. */
export class PostgresUsageEvidence {
  constructor(private readonly database: Database) {}

  /** `now` ends what still lasts. */
  intervals(question: EvidenceQuestion, now: number): Answer<IntervalEvidence> {
    return this.page(
      question,
      [new Date(now)],
      `SELECT meter, resource, label, ${iso('started')} AS "from", ${iso('ended')} AS "to", ${COUNTED_SPAN('started', 'ended')} AS counted,
         start_seq AS "startSeq", end_seq AS "endSeq", ${iso('started')} AS sort_1, resource AS sort_2
       FROM resource_interval
       WHERE partner_id = $1 AND meter = ANY($2) AND started < least($4, $5) AND (ended IS NULL OR ended > $3)`,
    );
  }

  levels(question: EvidenceQuestion, now: number): Answer<LevelEvidence> {
    return this.page(
      question,
      [new Date(now)],
      `SELECT meter, subject, trim_scale(quantity)::text AS value, ${COUNTED_SPAN('at', 'until')} AS counted, seq,
         ${iso('at')} AS sort_1, subject AS sort_2
       FROM (
         SELECT meter, subject, quantity, seq, at, lead(at) OVER (PARTITION BY meter, subject ORDER BY at, seq) AS until FROM (
           SELECT gauge.* FROM unnest($2::text[]) name, rookery_levels_before($1, $3, ${EVERYTHING}, name) gauge
           UNION ALL
           SELECT meter, subject, quantity, seq, at FROM usage_event event
           WHERE partner_id = $1 AND meter = ANY($2) AND kind = 'gauge' AND at >= $3 AND at < $4 AND ${NOT_VOIDED}
         ) sample
       ) level WHERE at < $5 AND (until IS NULL OR until > $3)`,
    );
  }

  hours(question: EvidenceQuestion): Answer<HourEvidence> {
    return this.page(
      question,
      [],
      `SELECT meter, ${iso(`date_trunc('hour', at, 'UTC')`)} AS hour, subject, trim_scale(CASE kind WHEN 'peak' THEN max(quantity) WHEN 'unique' THEN count(DISTINCT item) ELSE sum(quantity) END)::text AS quantity,
         count(*)::int AS events,
         ${iso(`date_trunc('hour', at, 'UTC')`)} AS sort_1, meter || ' ' || subject AS sort_2
       FROM usage_event event
       WHERE partner_id = $1 AND meter = ANY($2) AND kind IN ('counter', 'peak', 'unique') AND at >= $3 AND at < $4 AND ${NOT_VOIDED}
       GROUP BY meter, kind, date_trunc('hour', at, 'UTC'), subject`,
    );
  }

  events(question: EvidenceQuestion & { readonly subject?: string }): Answer<EventEvidence> {
    return this.page(
      question,
      [question.subject ?? null],
      `SELECT event.seq, ${iso('at')} AS at, source, event_id AS id, kind, meter, subject, label, trim_scale(quantity)::text AS quantity, item,
         ${iso('received_at')} AS "receivedAt", void.reason AS voided, ${iso('at')} AS sort_1, lpad(event.seq::text, 20, '0') AS sort_2
       FROM usage_event event LEFT JOIN usage_void void ON void.partner_id = event.partner_id AND void.event_seq = event.seq
       WHERE event.partner_id = $1 AND meter = ANY($2) AND at >= $3 AND at < $4 AND ($5::text IS NULL OR subject = $5)`,
    );
  }

  /** Runs `sql` (partner, meters, from, to, then `extra` from $5 on) for one page in order of its two sort columns. */
  private async page<T>(question: EvidenceQuestion, extra: readonly unknown[], sql: string): Answer<T> {
    const limit = Math.min(Math.max(Math.trunc(question.limit ?? PAGE_DEFAULT), 1), PAGE_MAX);
    const after = question.after === undefined ? ['', ''] : readCursor(question.after);
    if (!after) return err('badCursor');
    const values = [
      question.partnerId,
      question.meters,
      new Date(question.from),
      new Date(question.to),
      ...extra,
      ...after,
    ];
    const rows = await this.database.asPartner(question.partnerId, async (client) => {
      const result = await client.query<Record<string, unknown> & { sort_1: string; sort_2: string }>(
        `SELECT * FROM (${sql}) page WHERE (sort_1, sort_2) > ($${values.length - 1}::text, $${values.length}::text)
         ORDER BY sort_1, sort_2 LIMIT ${limit + 1}`,
        values,
      );
      return result.rows;
    });
    const items = rows.slice(0, limit);
    const last = items.at(-1);
    return ok({
      items: items.map(({ sort_1, sort_2, ...item }) => item as T),
      ...(rows.length > limit && last ? { next: writeCursor([last.sort_1, last.sort_2]) } : {}),
    });
  }
}

const writeCursor = (key: readonly string[]): string => Buffer.from(JSON.stringify(key)).toString('base64url');

function readCursor(text: string): [string, string] | undefined {
  try {
    const key: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    return Array.isArray(key) && key.length === 2 && key.every((part) => typeof part === 'string')
      ? (key as [string, string])
      : undefined;
  } catch {
    return undefined;
  }
}
