import type { InputOf, ROUTES, UsageFinding } from '#api-schema';
import type { Finding, UsageFindings } from '#metering';
import { err, ok } from '#stdx';
import type { Reply } from '../http/refusal.ts';
import type { Asking } from '../http/request.ts';
import type { PartnerNames } from '../partners/partner-names.ts';

type Routes = typeof ROUTES;

/** What reconciliation found in what was counted. */
export class Findings {
  constructor(
    private readonly partners: PartnerNames,
    private readonly findings: UsageFindings,
  ) {}

  async list(
    asking: Asking,
    { query }: InputOf<Routes['listUsageFindings']>,
  ): Promise<Reply<{ items: UsageFinding[]; next?: string }>> {
    const partner = query.partner === undefined ? ok(undefined) : await this.partners.idOf(asking, query.partner);
    if (!partner.ok) return partner;
    const found = await this.findings.list({
      onlyOpen: query.open === 'true',
      limit: query.limit + 1,
      ...(partner.value === undefined ? {} : { partnerId: partner.value }),
      // A cursor that is no number is one of no list of ours: it comes before nothing.
      ...(query.after === undefined ? {} : { before: /^\d{1,18}$/.test(query.after) ? query.after : '0' }),
    });
    const items = await Promise.all(found.slice(0, query.limit).map((finding) => this.view(asking, finding)));
    const last = items.at(-1);
    return ok(found.length > query.limit && last ? { items, next: last.id } : { items });
  }

  async accept(asking: Asking, { params, body }: InputOf<Routes['acceptUsageFinding']>): Promise<Reply<UsageFinding>> {
    const accepted = await this.findings.accept(params.finding, asking.context.actor, body.note);
    return accepted ? ok(await this.view(asking, accepted)) : err({ code: 'finding_not_found' });
  }

  private async view(asking: Asking, finding: Finding): Promise<UsageFinding> {
    const { partnerId, started, ended, expected, found, foundAt, seenAt, resolvedAt, ...rest } = finding;
    return {
      ...rest,
      partner: await this.partners.slugOf(asking, partnerId),
      started: new Date(started).toISOString(),
      ended: ended === null ? null : new Date(ended).toISOString(),
      expected: expected ?? null,
      found: found ?? null,
      foundAt: foundAt.toISOString(),
      seenAt: seenAt.toISOString(),
      resolvedAt: resolvedAt?.toISOString() ?? null,
    };
  }
}
