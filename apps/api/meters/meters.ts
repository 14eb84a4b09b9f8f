import type { InputOf, Meter, ROUTES, UsageOutcomes } from '#api-schema';
import type { AddOnIngestion, AddOnMeter, EventOutcome, Meters as MeterStore } from '#metering';
import { err, ok, present } from '#stdx';
import type { Reply } from '../http/refusal.ts';
import type { Asking } from '../http/request.ts';
import type { PartnerNames } from '../partners/partner-names.ts';

type Routes = typeof ROUTES;
type Outcome = UsageOutcomes['outcomes'][number];

/** Add-on meters, and the events partners send for them. */
export class Meters {
  constructor(
    private readonly partners: PartnerNames,
    private readonly meters: MeterStore,
    private readonly ingestion: AddOnIngestion,
    private readonly batchMax: number,
  ) {}

  async list(asking: Asking, { query }: InputOf<Routes['listMeters']>): Promise<Reply<{ items: Meter[] }>> {
    const owner = await this.owner(asking, query.partner);
    if (!owner.ok) return owner;
    const found = await this.meters.list(owner.value);
    return ok({ items: await Promise.all(found.map((meter) => this.view(asking, meter))) });
  }

  async create(asking: Asking, { body }: InputOf<Routes['createMeter']>): Promise<Reply<Meter>> {
    const { partner, ...meter } = body;
    const owner = await this.owner(asking, partner);
    if (!owner.ok) return owner;
    const made = await this.meters.create({ ...meter, partnerId: owner.value });
    if (made.ok) return ok(await this.view(asking, made.value));
    return made.error === 'taken'
      ? err({ code: 'conflict', detail: `there is, or was, a meter ${meter.code}` })
      : err({ code: 'limit_reached', detail: 'there are 200 meters, archived ones included' });
  }

  async archive(asking: Asking, { params, query }: InputOf<Routes['archiveMeter']>): Promise<Reply<undefined>> {
    const owner = await this.owner(asking, query.partner);
    if (!owner.ok) return owner;
    const archived = await this.meters.archive(owner.value, params.meter);
    return archived ? ok(undefined) : err({ code: 'meter_not_found' });
  }

  /** A batch is answered with what became of each event; one event alone as such: a conflict is 409, another refusal 422. */
  async send(asking: Asking, { query, body }: InputOf<Routes['sendUsageEvents']>): Promise<Reply<UsageOutcomes>> {
    const partner = await this.partners.subject(asking, query.partner);
    if (!partner.ok) return partner;
    const isBatch = Array.isArray(body);
    const events: readonly unknown[] = isBatch ? body : [body];
    if (events.length > this.batchMax)
      return err({ code: 'body_too_large', detail: `a batch holds at most ${this.batchMax} events` });
    const summary = await this.ingestion.ingest(partner.value, events);
    const outcomes = summary.outcomes.map((outcome, index) => outcomeView(outcome, events[index]));
    if (!isBatch) {
      const { status, reason, detail = '' } = present(outcomes[0], 'outcome');
      if (status === 409) return err({ code: 'event_conflict', detail });
      if (status !== 200) return err({ code: 'invalid_value', errors: [{ field: reason ?? '', reason: detail }] });
    }
    const { accepted, duplicates, rejected } = summary;
    return ok({ accepted, duplicates, rejected, outcomes });
  }

  /** Whose meters a request is about: the partner named, else the caller's own, else (`null`) the operator's. */
  private async owner(asking: Asking, named: string | undefined): Promise<Reply<string | null>> {
    if (named === undefined) return ok(asking.context.partnerId ?? null);
    return this.partners.idOf(asking, named);
  }

  private async view(asking: Asking, { partnerId, createdAt, archivedAt, ...meter }: AddOnMeter): Promise<Meter> {
    return {
      ...meter,
      partner: partnerId === null ? null : await this.partners.slugOf(asking, partnerId),
      createdAt: createdAt.toISOString(),
      archivedAt: archivedAt?.toISOString() ?? null,
    };
  }
}

function outcomeView(outcome: EventOutcome, event: unknown): Outcome {
  const given = typeof event === 'object' && event !== null ? (event as { readonly id?: unknown }).id : undefined;
  const id = typeof given === 'string' ? given.slice(0, 255) : null;
  if (outcome.outcome !== 'rejected') return { id, outcome: outcome.outcome, status: 200 };
  const { reason, detail } = outcome;
  return reason === 'conflict'
    ? { id, outcome: 'conflict', status: 409, detail }
    : { id, outcome: 'rejected', status: 422, reason, detail };
}
