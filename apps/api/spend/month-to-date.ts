import type { InputOf, MonthToDate as MonthToDateView, ROUTES } from '#api-schema';
import { basisText, type Forecast, type ForecastSide, type MonthRating } from '#billing/invoice';
import { formatDecimal, type RatedPeriod } from '#billing/rating';
import { err, ok } from '#stdx';
import { refusedByBilling } from '../billing/billing.ts';
import type { Reply } from '../http/refusal.ts';
import type { Asking } from '../http/request.ts';
import type { PartnerNames } from '../partners/partner-names.ts';

type Routes = typeof ROUTES;

/** What a running month comes to, so far and in the end. */
export class MonthToDate {
  constructor(
    private readonly partners: PartnerNames,
    private readonly rating: MonthRating,
  ) {}

  async show(asking: Asking, { params }: InputOf<Routes['showMonthToDate']>): Promise<Reply<MonthToDateView>> {
    const found = await this.forecast(asking, params.partner);
    if (!found.ok) return found;
    const { toDate, expected, window, lines } = found.value;
    const { account, rated, asOf } = toDate;
    const parts = new Map(rated.lines.map((line) => [`${line.component}@${line.priceVersion}`, line.parts.length]));
    return ok({
      partner: account.slug,
      currency: rated.currency,
      periodStart: iso(rated.period.from),
      periodEnd: iso(rated.period.to),
      asOf: iso(asOf),
      rateFrom: iso(window.from),
      lines: lines.map(({ line, toDate: now, expected: then, basis }) => ({
        component: line.component,
        priceVersion: line.priceVersion,
        kind: line.kind,
        description: line.description,
        unit: line.unit,
        meters: [...line.meters],
        resources: parts.get(`${line.component}@${line.priceVersion}`) ?? 0,
        toDate: side(now),
        forecast: side(then),
        basis: basis.kind,
        basedOn: basisText(basis),
      })),
      toDate: sums(rated),
      forecast: sums(expected),
    });
  }

  async resources(asking: Asking, { params, query }: InputOf<Routes['listMonthToDateResources']>) {
    const found = await this.forecast(asking, params.partner);
    if (!found.ok) return found;
    const { rated, labels } = found.value.toDate;
    if (query.after !== undefined && !/^\d{1,9}$/.test(query.after))
      return err({ code: 'invalid_value', errors: [{ field: 'after', reason: 'no page ended there' }] } as const);
    const all = rated.lines
      .filter(({ component }) => query.component === undefined || component === query.component)
      .flatMap(({ component, priceVersion, unit, parts }) =>
        parts.map(({ resource, quantity, minor }) => ({
          component,
          priceVersion,
          resource,
          label: labels.get(resource) ?? null,
          quantity: formatDecimal(quantity),
          unit,
          amountMinor: Number(minor),
        })),
      );
    const start = Number(query.after ?? 0);
    const items = all.slice(start, start + query.limit);
    const next = start + items.length;
    return ok(next < all.length ? { items, next: String(next) } : { items });
  }

  private async forecast(asking: Asking, idOrSlug: string): Promise<Reply<Forecast>> {
    const partner = await this.partners.idOf(asking, idOrSlug);
    if (!partner.ok) return partner;
    const forecast = await this.rating.forecast(partner.value);
    return forecast.ok ? forecast : err(refusedByBilling(forecast.error));
  }
}

const iso = (instant: number): string => new Date(instant).toISOString();
const side = ({ quantity, minor, net }: ForecastSide) => ({
  quantity: formatDecimal(quantity),
  amountMinor: Number(minor),
  netMinor: Number(net),
});
const sums = ({ net, tax, total }: RatedPeriod) => ({
  netMinor: Number(net),
  taxMinor: Number(tax),
  totalMinor: Number(total),
});
