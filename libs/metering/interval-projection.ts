import type { Queryable } from '#database';
import { present } from '#stdx';
import { KIND_OF_METER, type ResourceKind, type RoleInterval, replay, type Transition } from './intervals.ts';
import type { IntervalMeter, UsageEvent } from './usage-event.ts';

/** A resource whose intervals change, from the instant of its earliest new event on. */
interface Affected {
  readonly partnerId: string;
  readonly kind: ResourceKind;
  readonly resource: string;
  readonly since: number;
}

/** Brings `resource_interval` in line with start and stop events just inserted, whatever order they came in. */
export async function projectIntervals(client: Queryable, events: readonly UsageEvent[]): Promise<void> {
  const affected = affectedBy(events);
  if (affected.length === 0) return;
  const where = [
    affected.map(({ partnerId }) => partnerId),
    affected.map(({ kind }) => kind),
    affected.map(({ resource }) => resource),
    affected.map(({ since }) => new Date(since).toISOString()),
  ];
  const transitions = await transitionsSince(client, where);
  const replaced = await removeSince(client, where);
  const rows = affected.flatMap((item) => {
    const key = keyOf(item);
    const before = replaced.get(key)?.find(({ from }) => from < item.since);
    const open = before && { ...before, to: null, endSeq: null };
    return replay(open, transitions.get(key) ?? []).map((interval) => ({ ...item, ...interval }));
  });
  await add(client, rows);
}

function affectedBy(events: readonly UsageEvent[]): Affected[] {
  const affected = new Map<string, Affected>();
  for (const event of events) {
    if (event.kind !== 'start' && event.kind !== 'stop') continue;
    const { partnerId, subject: resource, meter } = event;
    const item = { partnerId, kind: KIND_OF_METER[meter], resource, since: Date.parse(event.at) };
    const key = keyOf(item);
    const known = affected.get(key);
    if (!known || item.since < known.since) affected.set(key, item);
  }
  return [...affected.values()];
}

async function transitionsSince(client: Queryable, where: readonly unknown[]): Promise<Map<string, Transition[]>> {
  const { rows } = await client.query<{
    partner_id: string;
    resource_kind: ResourceKind;
    subject: string;
    at: Date;
    kind: 'start' | 'stop';
    meter: IntervalMeter;
    seq: string;
    label: string | null;
  }>(
    `SELECT event.partner_id, given.kind AS resource_kind, event.subject, event.at, event.kind, event.meter, event.seq, event.label
     FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[]) AS given (partner_id, kind, resource, since)
     JOIN usage_event event ON event.partner_id = given.partner_id AND event.subject = given.resource
       AND event.meter = ANY(CASE given.kind WHEN 'node' THEN ARRAY['node-active', 'node-standby'] ELSE ARRAY[given.kind] END)
       AND event.kind IN ('start', 'stop') AND event.at >= given.since
     WHERE event.at >= $5
       AND NOT EXISTS (SELECT FROM usage_void WHERE partner_id = event.partner_id AND event_seq = event.seq)`,
    [...where, (where[3] as string[]).toSorted()[0]],
  );
  return Map.groupBy(
    rows.map((row) => ({
      partnerId: row.partner_id,
      kind: row.resource_kind,
      resource: row.subject,
      at: row.at.getTime(),
      change: row.kind,
      meter: row.meter,
      seq: row.seq,
      label: row.label,
    })),
    keyOf,
  );
}

/** Takes away what the new events may change: intervals that reach the given instants. */
async function removeSince(client: Queryable, where: readonly unknown[]): Promise<Map<string, RoleInterval[]>> {
  const { rows } = await client.query<{
    partner_id: string;
    kind: ResourceKind;
    resource: string;
    meter: IntervalMeter;
    label: string | null;
    started: Date;
    ended: Date | null;
    start_seq: string;
    end_seq: string | null;
  }>(
    `DELETE FROM resource_interval USING unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[]) AS given (partner_id, kind, resource, since)
     WHERE resource_interval.partner_id = given.partner_id AND resource_interval.kind = given.kind
       AND resource_interval.resource = given.resource AND (ended IS NULL OR ended >= given.since)
     RETURNING resource_interval.*`,
    [...where],
  );
  return new Map(
    [...Map.groupBy(rows, (row) => keyOf({ partnerId: row.partner_id, kind: row.kind, resource: row.resource }))].map(
      ([key, own]) => [
        key,
        own.map((row) => ({
          meter: row.meter,
          label: row.label,
          from: row.started.getTime(),
          to: row.ended?.getTime() ?? null,
          startSeq: row.start_seq,
          endSeq: row.end_seq,
        })),
      ],
    ),
  );
}

async function add(client: Queryable, rows: readonly (Affected & RoleInterval)[]): Promise<void> {
  if (rows.length === 0) return;
  const iso = (instant: number | null): string | null => (instant === null ? null : new Date(instant).toISOString());
  await client.query(
    `INSERT INTO resource_interval (partner_id, kind, resource, meter, label, started, ended, start_seq, end_seq)
     SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::timestamptz[], $8::bigint[], $9::bigint[])`,
    [
      rows.map(({ partnerId }) => partnerId),
      rows.map(({ kind }) => kind),
      rows.map(({ resource }) => resource),
      rows.map(({ meter }) => meter),
      rows.map(({ label }) => label),
      rows.map(({ from }) => present(iso(from), 'start')),
      rows.map(({ to }) => iso(to)),
      rows.map(({ startSeq }) => startSeq),
      rows.map(({ endSeq }) => endSeq),
    ],
  );
}

const keyOf = ({ partnerId, kind, resource }: { partnerId: string; kind: string; resource: string }): string =>
  `${partnerId} ${kind} ${resource}`;
