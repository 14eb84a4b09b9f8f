import type { InputOf, ROUTES, UsageSummary } from '#api-schema';
import { billingPeriod, monthOf } from '#billing/rating';
import type { DirectoryRegistry } from '#directory/api';
import { type Clock, ok } from '#stdx';
import type { Reply } from '../http/refusal.ts';
import type { Asking } from '../http/request.ts';
import type { PartnerNames } from '../partners/partner-names.ts';
import type { UsageReport } from './usage-report.ts';

export class Usage {
  constructor(
    private readonly registry: DirectoryRegistry,
    private readonly partners: PartnerNames,
    private readonly report: UsageReport,
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
    const [from, to] = [new Date(period.from), new Date(period.to)];
    return ok({
      partner: slug,
      periodStart: from.toISOString(),
      periodEnd: to.toISOString(),
      asOf: new Date(Math.min(now, period.to)).toISOString(),
      lines: await this.report.between(id, from, to),
    });
  }
}
