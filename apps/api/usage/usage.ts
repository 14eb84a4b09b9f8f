import type { InputOf, ROUTES, UsageSummary } from '#api-schema';
import { billingPeriod, monthOf } from '#billing/rating';
import type { DirectoryRegistry } from '#directory/api';
import type { Meters, PostgresUsageReader } from '#metering';
import { type Clock, ok } from '#stdx';
import type { Reply } from '../http/refusal.ts';
import type { Asking } from '../http/request.ts';
import type { PartnerNames } from '../partners/partner-names.ts';
import { addOnLines } from './add-on-report.ts';
import { usageLines } from './usage-report.ts';

export class Usage {
  constructor(
    private readonly registry: DirectoryRegistry,
    private readonly partners: PartnerNames,
    private readonly reader: PostgresUsageReader,
    private readonly meters: Pick<Meters, 'list'>,
    private readonly clock: Clock,
  ) {}

  async show(asking: Asking, { query }: InputOf<(typeof ROUTES)['showUsage']>): Promise<Reply<UsageSummary>> {
    const subject = await this.partners.subject(asking, query.partner);
    if (!subject.ok) return subject;
    const partner = await this.registry.findPartner(asking.context, subject.value);
    if (!partner.ok) return partner;
    const { id, slug, timeZone } = partner.value;
    const now = this.clock.now();
    const period = billingPeriod(query.month ?? monthOf(now, timeZone), timeZone);
    const asOf = Math.min(now, period.to);
    const cutoff = await this.reader.lastSeq(id);
    const addOns = await this.meters.list(id);
    const levels = addOns.filter(({ aggregation }) => aggregation === 'level').map(({ code }) => code);
    const facts = await this.reader.facts({ partnerId: id, cuts: [period.from, period.to], cutoff, levels });
    return ok({
      partner: slug,
      periodStart: iso(period.from),
      periodEnd: iso(period.to),
      asOf: iso(asOf),
      lines: [...usageLines(facts, period, asOf), ...addOnLines(addOns, facts, period, asOf)],
    });
  }
}

const iso = (instant: number): string => new Date(instant).toISOString();
