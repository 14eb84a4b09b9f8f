import type { InputOf, ROUTES } from '#api-schema';
import type { BillingAccounts } from '#billing/api';
import { billingPeriod, monthOf } from '#billing/rating';
import type { EvidencePage, EvidenceQuestion, PostgresUsageEvidence } from '#metering';
import { type Clock, err, ok, type Result } from '#stdx';
import type { Refusal, Reply } from '../http/refusal.ts';
import type { Asking } from '../http/request.ts';
import type { PartnerNames } from '../partners/partner-names.ts';

type Input = InputOf<(typeof ROUTES)['listUsageIntervals']>;
type EventInput = InputOf<(typeof ROUTES)['listUsageEvents']>;

/** The facts behind the lines of a bill. */
export class Evidence {
  constructor(
    private readonly partners: PartnerNames,
    private readonly accounts: BillingAccounts,
    private readonly usage: PostgresUsageEvidence,
    private readonly clock: Clock,
  ) {}

  intervals(asking: Asking, input: Input) {
    return this.ask(asking, input, (question) => this.usage.intervals(question, this.clock.now()));
  }

  levels(asking: Asking, input: Input) {
    return this.ask(asking, input, (question) => this.usage.levels(question, this.clock.now()));
  }

  hours(asking: Asking, input: Input) {
    return this.ask(asking, input, (question) => this.usage.hours(question));
  }

  events(asking: Asking, input: EventInput) {
    const { subject } = input.query;
    return this.ask(asking, input, (question) =>
      this.usage.events(subject === undefined ? question : { ...question, subject }),
    );
  }

  private async ask<T>(
    asking: Asking,
    { params, query }: Input,
    find: (question: EvidenceQuestion) => Promise<Result<EvidencePage<T>, 'badCursor'>>,
  ): Promise<Reply<EvidencePage<T>>> {
    const partner = await this.partners.idOf(asking, params.partner);
    if (!partner.ok) return partner;
    const range = await this.range(partner.value, query);
    if (!range.ok) return range;
    const page = await find({
      partnerId: partner.value,
      meters: query.meter.split(','),
      ...range.value,
      limit: query.limit,
      ...(query.after === undefined ? {} : { after: query.after }),
    });
    return page.ok ? page : err(invalid('after', 'it is no cursor of this list'));
  }

  /** The month named, or [from, to), or the running month. */
  private async range(
    partnerId: string,
    { month, from, to }: Input['query'],
  ): Promise<Reply<{ readonly from: number; readonly to: number }>> {
    if (month !== undefined && (from !== undefined || to !== undefined))
      return err(invalid('month', 'a month, or from and to'));
    const account = await this.accounts.find(partnerId);
    const zone = account?.zone ?? 'UTC';
    const anchor = account?.anchorDay ?? 1;
    const period = billingPeriod(month ?? monthOf(this.clock.now(), zone, anchor), zone, anchor);
    const range = {
      from: from === undefined ? period.from : Date.parse(from),
      to: to === undefined ? period.to : Date.parse(to),
    };
    return range.from < range.to ? ok(range) : err(invalid('to', 'it is after from'));
  }
}

const invalid = (field: string, reason: string): Refusal => ({ code: 'invalid_value', errors: [{ field, reason }] });
