import type { Database, Queryable } from '#database';
import { present } from '#stdx';
import { KIND_OF_METER, type RoleInterval, replay, type Transition } from './intervals.ts';
import { GAUGE_METERS, INTERVAL_METERS, type IntervalMeter } from './usage-event.ts';

/** One partner's usage in a period, exactly as counted. Instants are milliseconds, quantities decimal strings. */
export interface UsageFacts {
  readonly intervals: readonly {
    readonly meter: string;
    readonly subject: string;
    readonly label: string | null;
    readonly from: number;
    readonly to: number | null;
  }[];
  /** Within the period, and the last before it of each subject; later ones of one instant after earlier ones. */
  readonly samples: readonly {
    readonly meter: string;
    readonly subject: string;
    readonly at: number;
    readonly value: string;
  }[];
  /** Sums of counters by subject, one for each stretch between two cuts; `at` is the stretch's beginning. */
  readonly counts: readonly {
    readonly meter: string;
    readonly subject: string;
    readonly at: number;
    readonly quantity: string;
  }[];
  /** Each subject's greatest value of add-on meters, one for each stretch; absent when there is none. */
  readonly peaks?: UsageFacts['counts'];
  /** How many different items each subject of add-on meters had, by the stretches (their beginnings) they were seen in; absent when there is none. */
  readonly uniques?: readonly {
    readonly meter: string;
    readonly subject: string;
    readonly at: readonly number[];
    readonly quantity: string;
  }[];
}

export interface UsageQuestion {
  readonly partnerId: string;
  /** The period's beginning, where prices change, and its end: ascending, two at least. Counters are summed between them. */
  readonly cuts: readonly number[];
  /** Events up to this number. The same cut-off gives the same facts for ever. */
  readonly cutoff: bigint;
  /** Add-on meters whose levels are asked for, besides our own. */
  readonly levels?: readonly string[];
}

/** Events that count at a cut-off: those numbered up to it and not voided up to it. */
const COUNTED = `seq <= $2 AND NOT EXISTS (
  SELECT FROM usage_void WHERE usage_void.partner_id = usage_event.partner_id AND event_seq = usage_event.seq AND usage_void.seq <= $2)`;

/** Reads usage for rating. Bound to the partner by row-level security. */
export class PostgresUsageReader {
  constructor(private readonly database: Database) {}

  /** The newest cut-off: the number of the partner's last event. */
  async lastSeq(partnerId: string): Promise<bigint> {
    const [row] = await this.database.query<{ seq: string }>('SELECT seq FROM ingest_counter WHERE partner_id = $1', [
      partnerId,
    ]);
    return BigInt(row?.seq ?? 0);
  }

  async facts(question: UsageQuestion): Promise<UsageFacts> {
    return this.database.asPartner(question.partnerId, async (client) => ({
      intervals: await intervals(client, question),
      samples: await samples(client, question),
      ...(await counts(client, question)),
      ...(await uniques(client, question)),
    }));
  }
}

async function intervals(client: Queryable, question: UsageQuestion): Promise<UsageFacts['intervals']> {
  const { rows } = await client.query<{
    meter: IntervalMeter;
    subject: string;
    change: 'start' | 'stop';
    label: string | null;
    at: Date;
    seq: string;
  }>(
    `SELECT meter, subject, kind AS change, label, at, seq FROM usage_event
     WHERE partner_id = $1 AND meter = ANY($4) AND kind IN ('start', 'stop') AND at < $3 AND ${COUNTED}`,
    [question.partnerId, String(question.cutoff), iso(question.cuts.at(-1)), INTERVAL_METERS],
  );
  const transitions = rows.map((row): Transition & { subject: string } => ({ ...row, at: row.at.getTime() }));
  const begin = present(question.cuts[0], 'period start');
  const resources = Map.groupBy(transitions, ({ meter, subject }) => `${KIND_OF_METER[meter]} ${subject}`);
  return [...resources.values()].flatMap((own) =>
    replay(undefined, own)
      .filter(({ to }: RoleInterval) => to === null || to > begin)
      .map(({ meter, label, from, to }) => ({ meter, subject: own[0]!.subject, label, from, to })),
  );
}

async function samples(client: Queryable, question: UsageQuestion): Promise<UsageFacts['samples']> {
  const { rows } = await client.query<{ meter: string; subject: string; at: Date; value: string }>(
    `SELECT level.meter, subject, at, quantity AS value, seq
     FROM unnest($5::text[]) gauge, rookery_levels_before($1, $3, $2, gauge) level
     UNION ALL
     SELECT meter, subject, at, quantity, seq FROM usage_event
      WHERE partner_id = $1 AND meter = ANY($5) AND kind = 'gauge' AND at >= $3 AND at < $4 AND ${COUNTED}
     ORDER BY at, seq`,
    [
      question.partnerId,
      String(question.cutoff),
      iso(question.cuts[0]),
      iso(question.cuts.at(-1)),
      [...GAUGE_METERS, ...(question.levels ?? [])],
    ],
  );
  return rows.map(({ meter, subject, at, value }) => ({ meter, subject, at: at.getTime(), value }));
}

async function counts(client: Queryable, question: UsageQuestion): Promise<Pick<UsageFacts, 'counts' | 'peaks'>> {
  const { rows } = await client.query<{
    meter: string;
    subject: string;
    kind: string;
    stretch: number;
    quantity: string;
  }>(
    `SELECT meter, subject, kind, width_bucket(at, $3::timestamptz[]) AS stretch,
       CASE kind WHEN 'counter' THEN sum(quantity) ELSE trim_scale(max(quantity)) END AS quantity FROM usage_event
     WHERE partner_id = $1 AND kind IN ('counter', 'peak') AND at >= $4 AND at < $5 AND ${COUNTED}
     GROUP BY meter, subject, kind, stretch ORDER BY meter, subject, stretch`,
    stretches(question),
  );
  const found = rows.map(({ stretch, ...row }) => ({ ...row, at: present(question.cuts[stretch - 1], 'cut') }));
  const of = (wanted: string): UsageFacts['counts'] =>
    found
      .filter(({ kind }) => kind === wanted)
      .map(({ meter, subject, at, quantity }) => ({ meter, subject, at, quantity }));
  const peaks = of('peak');
  return { counts: of('counter'), ...(peaks.length > 0 ? { peaks } : {}) };
}

async function uniques(client: Queryable, question: UsageQuestion): Promise<Pick<UsageFacts, 'uniques'>> {
  const { rows } = await client.query<{ meter: string; subject: string; stretches: number[]; quantity: string }>(
    `SELECT meter, subject, stretches, count(*) AS quantity FROM (
       SELECT meter, subject, array_agg(DISTINCT width_bucket(at, $3::timestamptz[])) AS stretches FROM usage_event
       WHERE partner_id = $1 AND kind = 'unique' AND at >= $4 AND at < $5 AND ${COUNTED}
       GROUP BY meter, subject, item
     ) item GROUP BY meter, subject, stretches ORDER BY meter, subject, stretches`,
    stretches(question),
  );
  if (rows.length === 0) return {};
  return {
    uniques: rows.map(({ stretches: seen, ...row }) => ({
      ...row,
      at: seen.map((stretch) => present(question.cuts[stretch - 1], 'cut')),
    })),
  };
}

/** Partner, cut-off, all cuts, the first and the last. */
const stretches = ({ partnerId, cutoff, cuts }: UsageQuestion): unknown[] => [
  partnerId,
  String(cutoff),
  cuts.map(iso),
  iso(cuts[0]),
  iso(cuts.at(-1)),
];

const iso = (instant: number | undefined): string => new Date(present(instant, 'cut')).toISOString();
