import type { Database, Queryable } from '#database';
import { type Clock, present } from '#stdx';
import { type Candidate, type Rejection, UsageEventBatch } from './batch.ts';
import { quantityOf } from './event-body.ts';
import { DEFAULT_INGEST_LIMITS, type IngestChannel, type IngestLimits, type IngestSummary } from './ingest.ts';
import { projectIntervals } from './interval-projection.ts';

/**
 * Counts each event once, for ever. All of a batch commits together: keys, events, sequence numbers, intervals, and the
 * record of what was refused. A sender may therefore repeat a batch until it has an answer.
 */
export class PostgresMetering {
  private readonly months = new Set<string>();
  private readonly partners = new Set<string>();

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly limits: IngestLimits = DEFAULT_INGEST_LIMITS,
  ) {}

  /** Takes events as they came, read or not. Throws only when the database cannot be asked. */
  async ingest(events: readonly unknown[], channel: IngestChannel): Promise<IngestSummary> {
    const batch = await this.prepare(events);
    return this.database.transaction((client) => this.ingestWithin(client, batch, channel));
  }

  /** Reads events and makes the month partitions and counters they need, by a connection of its own. */
  async prepare(events: readonly unknown[]): Promise<UsageEventBatch> {
    const batch = UsageEventBatch.read(events, this.clock.now(), this.limits);
    await this.makeReady(batch);
    return batch;
  }

  /** Counts a batch that was read elsewhere. */
  async count(batch: UsageEventBatch, channel: IngestChannel): Promise<IngestSummary> {
    await this.makeReady(batch);
    return this.database.transaction((client) => this.ingestWithin(client, batch, channel));
  }

  private async makeReady(batch: UsageEventBatch): Promise<void> {
    await this.makeMonths(new Set(batch.candidates.map(({ event }) => event.at.slice(0, 7))));
    await this.makeCounters(new Set(batch.candidates.map(({ event }) => event.partnerId)));
    batch.sift(({ event: { partnerId } }) =>
      this.partners.has(partnerId)
        ? 'keep'
        : { partnerId: null, reason: 'unknownPartner', detail: `no partner ${partnerId}` },
    );
  }

  /** Counts a prepared batch in the caller's transaction. */
  async ingestWithin(client: Queryable, batch: UsageEventBatch, channel: IngestChannel): Promise<IngestSummary> {
    const seqs = await lockCounters(client, batch.candidates);
    await siftSeen(client, batch);
    await insert(client, batch.candidates, seqs);
    await projectIntervals(
      client,
      batch.candidates.flatMap(({ event }) => (event.kind === 'start' || event.kind === 'stop' ? [event] : [])),
    );
    await record(client, batch.rejections, channel);
    const { candidates, rejections, outcomes } = batch;
    for (const { index } of candidates) outcomes[index] = { outcome: 'accepted' };
    return {
      outcomes,
      accepted: candidates.length,
      duplicates: outcomes.length - candidates.length - rejections.length,
      rejected: rejections.length,
    };
  }

  private async makeMonths(months: ReadonlySet<string>): Promise<void> {
    for (const month of months) {
      if (this.months.has(month)) continue;
      await this.database.query('SELECT rookery_usage_partition($1::date)', [`${month}-01`]);
      this.months.add(month);
    }
  }

  private async makeCounters(partnerIds: ReadonlySet<string>): Promise<void> {
    const unknown = [...partnerIds].filter((id) => !this.partners.has(id));
    if (unknown.length === 0) return;
    const found = await this.database.query<{ id: string }>('SELECT id FROM partner WHERE id = ANY($1::uuid[])', [
      unknown,
    ]);
    const ids = found.map(({ id }) => id);
    await this.database.query(
      'INSERT INTO ingest_counter (partner_id) SELECT unnest($1::uuid[]) ORDER BY 1 ON CONFLICT DO NOTHING',
      [ids],
    );
    for (const id of ids) this.partners.add(id);
  }
}

/** Keeps those whose key is new, the first of each key. Under the counters' locks nobody else can add one meanwhile. */
async function siftSeen(client: Queryable, batch: UsageEventBatch): Promise<void> {
  if (batch.candidates.length === 0) return;
  const { rows } = await client.query<{ partner_id: string; source: string; event_id: string; payload_hash: Buffer }>(
    `SELECT partner_id, source, event_id, payload_hash FROM usage_event_key
     JOIN unnest($1::uuid[], $2::text[], $3::text[]) AS given (partner_id, source, event_id)
     USING (partner_id, source, event_id)`,
    columns(batch.candidates, ({ event }) => [event.partnerId, event.source, event.id]),
  );
  const seen = new Map(rows.map((row) => [keyOf(row.partner_id, row.source, row.event_id), row.payload_hash]));
  batch.sift(({ event: { partnerId, source, id }, hash }) => {
    const key = keyOf(partnerId, source, id);
    const before = seen.get(key);
    if (before) {
      if (before.equals(hash)) return 'duplicate';
      return { partnerId, reason: 'conflict', detail: `id ${id} of ${source} was used before for another event` };
    }
    seen.set(key, hash);
    return 'keep';
  });
}

const keyOf = (...parts: readonly string[]): string => parts.join('\u0000');

/** Locks the partners' counters, in one order for all batches, and returns the last numbers given. */
async function lockCounters(client: Queryable, candidates: readonly Candidate[]): Promise<Map<string, bigint>> {
  if (candidates.length === 0) return new Map();
  const partners = [...new Set(candidates.map(({ event }) => event.partnerId))];
  const { rows } = await client.query<{ partner_id: string; seq: string }>(
    'SELECT partner_id, seq FROM ingest_counter WHERE partner_id = ANY($1::uuid[]) ORDER BY partner_id FOR UPDATE',
    [partners],
  );
  return new Map(rows.map(({ partner_id, seq }) => [partner_id, BigInt(seq)]));
}

async function insert(client: Queryable, fresh: readonly Candidate[], seqs: Map<string, bigint>): Promise<void> {
  if (fresh.length === 0) return;
  const touched = new Set<string>();
  const rows = columns(fresh, ({ event, hash }) => {
    const seq = present(seqs.get(event.partnerId), 'locked counter') + 1n;
    seqs.set(event.partnerId, seq);
    touched.add(event.partnerId);
    const { partnerId, source, id, at, kind, meter, subject, label } = event;
    return [
      partnerId,
      source,
      id,
      `\\x${hash.toString('hex')}`,
      String(seq),
      at,
      kind,
      meter,
      subject,
      label ?? null,
      quantityOf(event),
      'item' in event ? event.item : null,
    ];
  });
  await client.query(
    `WITH fresh AS (
       SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bytea[], $5::bigint[], $6::timestamptz[],
         $7::text[], $8::text[], $9::text[], $10::text[], $11::numeric[], $12::text[])
         AS event (partner_id, source, event_id, payload_hash, seq, at, kind, meter, subject, label, quantity, item)
     ), keys AS (
       INSERT INTO usage_event_key (partner_id, source, event_id, payload_hash, seq)
       SELECT partner_id, source, event_id, payload_hash, seq FROM fresh
     )
     INSERT INTO usage_event (partner_id, seq, at, source, event_id, kind, meter, subject, label, quantity, item)
     SELECT partner_id, seq, at, source, event_id, kind, meter, subject, label, quantity, item FROM fresh`,
    rows,
  );
  const counted = [...touched];
  await client.query(
    `UPDATE ingest_counter SET seq = given.seq
     FROM unnest($1::uuid[], $2::bigint[]) AS given (partner_id, seq) WHERE ingest_counter.partner_id = given.partner_id`,
    [counted, counted.map((partnerId) => String(seqs.get(partnerId)))],
  );
}

/**
 * Refused events of a partner kept for the record; what comes beyond them was answered and is not. 10,000: ten whole batches, more than
 * anybody reads, and a sender gone wild does not fill the disk.
 */
const REFUSALS_KEPT_MAX = 10_000;

/** Keeps what was not counted, with its reason; sent again, only the number of times grows. */
async function record(client: Queryable, rejections: readonly Rejection[], channel: IngestChannel): Promise<void> {
  if (rejections.length === 0) return;
  const once = [...new Map(rejections.map((item) => [`${item.hash.toString('hex')} ${item.reason}`, item])).values()];
  await client.query(
    `INSERT INTO usage_quarantine (partner_id, reason, detail, payload, payload_hash, refused)
     SELECT partner.id, given.reason, given.detail, given.payload, given.payload_hash, $6
     FROM unnest($1::uuid[], $2::text[], $3::text[], $4::jsonb[], $5::bytea[])
       AS given (partner_id, reason, detail, payload, payload_hash)
     LEFT JOIN partner ON partner.id = given.partner_id
     WHERE NOT $6 OR (SELECT count(*) FROM (
       SELECT FROM usage_quarantine kept WHERE kept.partner_id = given.partner_id AND refused LIMIT $7) refusals) < $7
     ON CONFLICT (payload_hash, reason) DO UPDATE SET times = usage_quarantine.times + 1`,
    [
      ...columns(once, ({ partnerId, reason, detail, payload, hash }) => [
        partnerId,
        reason,
        detail,
        storable(payload),
        `\\x${hash.toString('hex')}`,
      ]),
      channel === 'api',
      REFUSALS_KEPT_MAX,
    ],
  );
}

/** JSON without U+0000, which jsonb refuses, and not longer than is useful to a reader. */
const storable = (payload: unknown): string => {
  const text = (JSON.stringify(payload) ?? 'null').replaceAll('\\u0000', '\\ufffd');
  return text.length <= 10_000 ? text : JSON.stringify({ cut: text.slice(0, 9_000) });
};

/** Rows to columns: one array a parameter, however many rows. */
function columns<T>(items: readonly T[], row: (item: T) => readonly unknown[]): unknown[][] {
  const rows = items.map(row);
  return (rows[0] ?? []).map((_, column) => rows.map((values) => values[column]));
}
