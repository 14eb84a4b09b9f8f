import type { Database, Queryable } from '#database';
import type { Clock } from '#stdx';

/** What may be wrong with what was counted. */
export type FindingKind =
  /** Nothing was said for too long where something was to be said: an outage must not read as zero, nor as steady use. */
  | 'silent'
  /** An hour's bucket is not what its events come to. Bills are made of events: it holds none. */
  | 'bucket'
  /** An interval is not what its start and stop events come to. Nor does this hold a bill. */
  | 'interval'
  /** A hub or node is in another role, or since another time, than is counted; or a change of its role never came. */
  | 'role'
  /** A hub, node or mailbox is counted that there is not. */
  | 'gone'
  /** A mailbox there is is not counted. */
  | 'mailbox'
  /** A node's counted hours and its cluster's history contradict each other. */
  | 'lifetime'
  /** A volume's own count is another than the level counted for it. */
  | 'store'
  /** A month that does not begin where the one before ended; an invoice or a wallet that is not the sum of its parts. */
  | 'books';

const HOLDS: Readonly<Record<FindingKind, boolean>> = {
  silent: true,
  bucket: false,
  interval: false,
  role: true,
  gone: true,
  mailbox: true,
  lifetime: true,
  store: true,
  books: true,
};

/** Something that is so as it was looked at. Instants are milliseconds. */
export interface Observation {
  readonly kind: FindingKind;
  readonly meter: string;
  readonly subject: string;
  readonly started: number;
  /** `null` while it lasts. */
  readonly ended: number | null;
  readonly expected?: string;
  readonly found?: string;
  /** A sentence for people. */
  readonly detail: string;
}

export interface Finding extends Observation {
  readonly id: string;
  readonly partnerId: string;
  readonly holds: boolean;
  readonly foundAt: Date;
  /** When it was last seen to be so. */
  readonly seenAt: Date;
  readonly resolvedAt: Date | null;
  /** `recheck` when it is no longer so; else who accepted it as it is. */
  readonly resolvedBy: string | null;
  readonly note: string | null;
}

/** What of a partner's was looked at: observations of these kinds that begin (or last) in [from, to). */
export interface Scope {
  readonly partnerId: string;
  readonly kinds: readonly FindingKind[];
  /** Milliseconds; without them all there is. */
  readonly from?: number;
  readonly to?: number;
}

/** What reconciliation found, until it is no longer so or somebody accepts it as it is. */
export class UsageFindings {
  constructor(
    private readonly database: Database,
    private readonly clock: Pick<Clock, 'now'>,
  ) {}

  /**
   * Writes down all that is so within a scope; what was found there before and is not any more is resolved. What was accepted
   * stays so while it is the same. Done twice it is done once.
   */
  async observe(scope: Scope, observations: readonly Observation[]): Promise<void> {
    const now = new Date(this.clock.now());
    await this.database.transaction(async (client) => {
      await client.query("SELECT pg_advisory_xact_lock(hashtextextended('usage findings ' || $1, 0))", [
        scope.partnerId,
      ]);
      const column = <T>(of: (one: Observation) => T): T[] => observations.map(of);
      const seen = [
        scope.partnerId,
        now,
        column(({ kind }) => kind),
        column(({ meter }) => meter),
        column(({ subject }) => subject),
        column(({ started }) => new Date(started)),
      ];
      await client.query(
        `WITH seen AS (
           SELECT * FROM unnest($3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::timestamptz[], $8::text[], $9::text[], $10::text[], $11::boolean[])
             AS seen (kind, meter, subject, started, ended, expected, found, detail, holds))
         INSERT INTO usage_finding (partner_id, cluster_id, kind, meter, subject, started, ended, expected, found, detail, holds, found_at, seen_at)
         SELECT $1, ${CLUSTER_OF}, kind, meter, subject, started, ended, expected, found, detail, holds, $2, $2 FROM seen
         WHERE NOT EXISTS (
           SELECT FROM usage_finding known WHERE known.partner_id = $1 AND known.kind = seen.kind AND known.meter = seen.meter
             AND known.subject = seen.subject AND known.started = seen.started AND known.resolved_by <> 'recheck'
             AND (known.expected, known.found) IS NOT DISTINCT FROM (seen.expected, seen.found))
         ON CONFLICT (partner_id, kind, meter, subject, started) WHERE resolved_at IS NULL
         DO UPDATE SET ended = excluded.ended, expected = excluded.expected, found = excluded.found, detail = excluded.detail, seen_at = $2`,
        [
          ...seen,
          column(({ ended }) => (ended === null ? null : new Date(ended))),
          column(({ expected }) => expected ?? null),
          column(({ found }) => found ?? null),
          column(({ detail }) => detail),
          column(({ kind }) => HOLDS[kind]),
        ],
      );
      await client.query(
        `UPDATE usage_finding SET resolved_at = $2, resolved_by = 'recheck'
         WHERE partner_id = $1 AND resolved_at IS NULL AND kind = ANY($7)
           AND started < coalesce($9::timestamptz, 'infinity') AND coalesce(ended, 'infinity') > coalesce($8::timestamptz, '-infinity')
           AND NOT EXISTS (SELECT FROM unnest($3::text[], $4::text[], $5::text[], $6::timestamptz[]) AS seen (kind, meter, subject, started)
             WHERE seen.kind = usage_finding.kind AND seen.meter = usage_finding.meter AND seen.subject = usage_finding.subject
               AND seen.started = usage_finding.started)`,
        [
          ...seen,
          scope.kinds,
          scope.from === undefined ? null : new Date(scope.from),
          scope.to === undefined ? null : new Date(scope.to),
        ],
      );
    });
  }

  /** The newest first; `before` is the id of the last one seen. */
  async list(question: {
    readonly partnerId?: string;
    readonly onlyOpen: boolean;
    readonly limit: number;
    readonly before?: string;
  }): Promise<readonly Finding[]> {
    const rows = await this.database.query<FindingRow & Record<string, unknown>>(
      `SELECT * FROM usage_finding WHERE ($1::uuid IS NULL OR partner_id = $1) AND (NOT $2 OR resolved_at IS NULL)
         AND ($3::bigint IS NULL OR id < $3) ORDER BY id DESC LIMIT $4`,
      [question.partnerId ?? null, question.onlyOpen, question.before ?? null, question.limit],
    );
    return rows.map(findingOf);
  }

  /** Somebody takes it as it is: it alerts and holds no more. `undefined` when there is no such open one. */
  async accept(id: string, actor: string, note: string): Promise<Finding | undefined> {
    const [row] = await this.database.query<FindingRow & Record<string, unknown>>(
      `UPDATE usage_finding SET resolved_at = $2, resolved_by = $3, note = $4
       WHERE id::text = $1 AND resolved_at IS NULL RETURNING *`,
      [id, new Date(this.clock.now()), actor, note],
    );
    return row && findingOf(row);
  }

  /** What stands that operators of a cluster are to be told: one thing for each partner, meter and kind, however often. */
  async standing(clusterId: string): Promise<readonly StandingFindings[]> {
    const rows = await this.database.query<{
      partner: string;
      kind: FindingKind;
      meter: string;
      count: number;
      detail: string;
    }>(
      `SELECT partner.slug AS partner, kind, meter, count(*)::int AS count, min(detail) AS detail
       FROM usage_finding finding JOIN partner ON partner.id = partner_id
       WHERE cluster_id = $1 AND resolved_at IS NULL GROUP BY partner.slug, kind, meter ORDER BY 1, 2, 3 LIMIT $2`,
      [clusterId, STANDING_MAX],
    );
    return rows;
  }
}

/** Of one cluster, told at once; what is beyond is told when something of this is resolved. */
const STANDING_MAX = 200;

export interface StandingFindings {
  /** Slug. */
  readonly partner: string;
  readonly kind: FindingKind;
  readonly meter: string;
  readonly count: number;
  /** Of one of them. */
  readonly detail: string;
}

/** The cluster that the subject is in, else one the partner's domains are in, else the oldest. */
const CLUSTER_OF = `coalesce(
  (SELECT cluster_id FROM node WHERE id::text = seen.subject), (SELECT cluster_id FROM hub WHERE id::text = seen.subject),
  (SELECT cluster_id FROM volume WHERE id::text = seen.subject), (SELECT cluster_id FROM domain WHERE partner_id = $1 ORDER BY id LIMIT 1),
  (SELECT id FROM cluster ORDER BY created_at, id LIMIT 1))`;

/** Why an invoice of [from, to) has to wait for somebody to look at its usage, if it has; findings until `after` were looked at. */
export async function holdOf(
  client: Queryable,
  partnerId: string,
  from: Date,
  to: Date,
  after: Date | null,
): Promise<string | null> {
  const { rows } = await client.query<{ detail: string; count: number }>(
    `SELECT detail, count(*) OVER ()::int AS count FROM usage_finding
     WHERE partner_id = $1 AND holds AND resolved_at IS NULL AND started < $3 AND coalesce(ended, 'infinity') > $2
       AND found_at > coalesce($4::timestamptz, '-infinity')
     ORDER BY started, id LIMIT 1`,
    [partnerId, from, to, after],
  );
  const first = rows[0];
  if (!first) return null;
  return first.count === 1 ? first.detail : `${first.detail} And ${first.count - 1} more.`;
}

interface FindingRow {
  readonly id: string;
  readonly partner_id: string;
  readonly kind: FindingKind;
  readonly meter: string;
  readonly subject: string;
  readonly started: Date;
  readonly ended: Date | null;
  readonly expected: string | null;
  readonly found: string | null;
  readonly detail: string;
  readonly holds: boolean;
  readonly found_at: Date;
  readonly seen_at: Date;
  readonly resolved_at: Date | null;
  readonly resolved_by: string | null;
  readonly note: string | null;
}

const findingOf = (row: FindingRow): Finding => ({
  id: row.id,
  partnerId: row.partner_id,
  kind: row.kind,
  meter: row.meter,
  subject: row.subject,
  started: row.started.getTime(),
  ended: row.ended?.getTime() ?? null,
  ...(row.expected === null ? {} : { expected: row.expected }),
  ...(row.found === null ? {} : { found: row.found }),
  detail: row.detail,
  holds: row.holds,
  foundAt: row.found_at,
  seenAt: row.seen_at,
  resolvedAt: row.resolved_at,
  resolvedBy: row.resolved_by,
  note: row.note,
});
