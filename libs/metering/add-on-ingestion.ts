import type { Database } from '#database';
import { type Clock, err, ok, type Result } from '#stdx';
import { judgeTime, UsageEventBatch } from './batch.ts';
import { type CloudEvent, cloudEventHash, readCloudEvent } from './cloud-event.ts';
import { unreadableHash } from './event-body.ts';
import { DEFAULT_INGEST_LIMITS, type IngestLimits, type IngestSummary, type RejectionReason } from './ingest.ts';
import { type AddOnEvent, type AddOnMeter, KIND_OF_AGGREGATION, type SubjectKind } from './meter.ts';
import { metersOf } from './meters.ts';
import type { PostgresMetering } from './postgres-metering.ts';

interface Read {
  readonly index: number;
  readonly event: CloudEvent;
  readonly payload: unknown;
  readonly hash: Buffer;
}

type Refused = { readonly reason: RejectionReason; readonly detail: string };

/** numeric(38, 10) holds more; a value of more digits is a mistake. */
const AMOUNT = /^\d{1,18}(\.\d{1,10})?$/;
const SOURCE_PREFIX = 'partner:';

/**
 * Partners' own events: CloudEvents of add-on meters, by the same laws as ours. What was counted once is a duplicate for
 * ever, also after its meter was archived or its mailbox deleted; what is refused is answered and kept for the record.
 */
export class AddOnIngestion {
  constructor(
    private readonly database: Database,
    private readonly metering: PostgresMetering,
    private readonly clock: Pick<Clock, 'now'>,
    private readonly limits: IngestLimits = DEFAULT_INGEST_LIMITS,
  ) {}

  /** Takes a partner's events as they came. Nobody else's can be meant: an event does not name its partner. */
  async ingest(partnerId: string, events: readonly unknown[]): Promise<IngestSummary> {
    const batch = new UsageEventBatch(events.length);
    const read = readAll(batch, partnerId, events);
    const news = await this.siftKnown(batch, partnerId, read);
    const now = this.clock.now();
    const meters = new Map((await this.meters(partnerId, news)).map((meter) => [meter.code, meter]));
    const subjects = await this.subjects(partnerId, news, meters);
    batch.candidates = news.flatMap(({ index, event, payload, hash }) => {
      const untimely = judgeTime(event.at, now, this.limits);
      const judged = untimely ? err(untimely) : judge(partnerId, event, meters.get(event.type), subjects);
      if (judged.ok) return [{ index, event: judged.value, hash }];
      batch.reject({ index, partnerId, ...judged.error, payload, hash });
      return [];
    });
    return this.metering.count(batch, 'api');
  }

  /** Keys are for ever: what has one is settled whatever else is wrong with it by now. */
  private async siftKnown(batch: UsageEventBatch, partnerId: string, read: readonly Read[]): Promise<readonly Read[]> {
    if (read.length === 0) return read;
    const rows = await this.database.query<{ source: string; event_id: string; payload_hash: Buffer }>(
      `SELECT source, event_id, payload_hash FROM usage_event_key
       JOIN unnest($2::text[], $3::text[]) AS given (source, event_id) USING (source, event_id) WHERE partner_id = $1`,
      [partnerId, read.map(({ event }) => SOURCE_PREFIX + event.source), read.map(({ event }) => event.id)],
    );
    const known = new Map(rows.map((row) => [`${row.source}\u0000${row.event_id}`, row.payload_hash]));
    return read.filter(({ index, event, payload, hash }) => {
      const before = known.get(`${SOURCE_PREFIX}${event.source}\u0000${event.id}`);
      if (!before) return true;
      if (before.equals(hash)) batch.known(index);
      else {
        const detail = `id ${event.id} of ${event.source} was used before for another event`;
        batch.reject({ index, partnerId, reason: 'conflict', detail, payload, hash });
      }
      return false;
    });
  }

  private meters(partnerId: string, news: readonly Read[]): Promise<readonly AddOnMeter[]> {
    return news.length === 0
      ? Promise.resolve([])
      : this.database.asPartner(partnerId, (client) => metersOf(client, partnerId));
  }

  /** Mailboxes and domains named by the events, seen as the partner: by name or id. */
  private async subjects(
    partnerId: string,
    news: readonly Read[],
    meters: ReadonlyMap<string, AddOnMeter>,
  ): Promise<Subjects> {
    const named = (kind: SubjectKind): string[] => [
      ...new Set(
        news.flatMap(({ event }) => (meters.get(event.type)?.subjects === kind ? [event.subject.toLowerCase()] : [])),
      ),
    ];
    const [mailboxes, domains] = [named('mailbox'), named('domain')];
    if (mailboxes.length + domains.length === 0) return new Map();
    const rows = await this.database.asPartner(partnerId, async (client) => {
      const found = await client.query<{ kind: SubjectKind; id: string; name: string }>(
        `SELECT 'mailbox' AS kind, id, email AS name FROM account WHERE email = ANY($1) OR id::text = ANY($1)
         UNION ALL SELECT 'domain', id, name FROM domain WHERE name = ANY($2) OR id::text = ANY($2)`,
        [mailboxes, domains],
      );
      return found.rows;
    });
    return new Map(
      rows.flatMap(({ kind, id, name }) => [
        [`${kind} ${id}`, { id, name }],
        [`${kind} ${name}`, { id, name }],
      ]),
    );
  }
}

type Subjects = ReadonlyMap<string, { readonly id: string; readonly name: string }>;

function readAll(batch: UsageEventBatch, partnerId: string, events: readonly unknown[]): Read[] {
  return events.flatMap((payload, index) => {
    const read = readCloudEvent(payload);
    if (read.ok) return [{ index, event: read.value, payload, hash: cloudEventHash(partnerId, read.value) }];
    const hash = unreadableHash([partnerId, payload]);
    batch.reject({ index, partnerId, reason: 'invalid', detail: read.error, payload, hash });
    return [];
  });
}

/** What an event counts, or why it does not. */
function judge(
  partnerId: string,
  event: CloudEvent,
  meter: AddOnMeter | undefined,
  subjects: Subjects,
): Result<AddOnEvent, Refused> {
  if (!meter) return err({ reason: 'unknownMeter', detail: `no meter ${event.type}` });
  if (meter.archivedAt) return err({ reason: 'unknownMeter', detail: `the meter ${event.type} is archived` });
  const amount = amountOf(event, meter);
  if (!amount.ok) return amount;
  const subject =
    meter.subjects === 'any' ? undefined : subjects.get(`${meter.subjects} ${event.subject.toLowerCase()}`);
  if (meter.subjects !== 'any' && !subject)
    return err({ reason: 'unknownSubject', detail: `no ${meter.subjects} ${event.subject}` });
  const label = event.label ?? subject?.name;
  return ok({
    id: event.id,
    source: SOURCE_PREFIX + event.source,
    partnerId,
    at: event.at,
    subject: subject?.id ?? event.subject,
    ...(label === undefined ? {} : { label }),
    kind: KIND_OF_AGGREGATION[meter.aggregation],
    meter: meter.code,
    ...amount.value,
  });
}

function amountOf(
  { value }: CloudEvent,
  { aggregation }: AddOnMeter,
): Result<Pick<AddOnEvent, 'quantity' | 'item'>, Refused> {
  const bad = (detail: string): Result<never, Refused> => err({ reason: 'badValue', detail });
  switch (aggregation) {
    case 'unique':
      return ok({ quantity: '1', item: value ?? '' });
    case 'count':
      return value === undefined ? ok({ quantity: '1' }) : bad('a meter that counts events takes no data.value');
    case 'sum':
    case 'max':
    case 'level':
      return value !== undefined && AMOUNT.test(value)
        ? ok({ quantity: value })
        : bad('data.value is a decimal, not negative, of at most 18 digits before the point and 10 after it');
  }
}
