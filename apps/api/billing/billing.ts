import type { ErrorCode, InputOf, InvoicePreview, ROUTES, Subscription } from '#api-schema';
import { type BillingAccounts, type BillingError, writePriceModel } from '#billing/api';
import { invoicePreview, type MonthRating, previewDocument, type RatedMonth, renderPdf } from '#billing/invoice';
import type { Commitments, Subscriptions } from '#billing/postgres';
import { formatDecimal, monthOf } from '#billing/rating';
import { type Clock, err, ok } from '#stdx';
import type { Refusal, Reply } from '../http/refusal.ts';
import type { Asking } from '../http/request.ts';
import type { PartnerNames } from '../partners/partner-names.ts';

type Routes = typeof ROUTES;

export class Billing {
  constructor(
    private readonly partners: PartnerNames,
    private readonly accounts: BillingAccounts,
    private readonly rating: MonthRating,
    private readonly subscriptions: Subscriptions,
    private readonly commitments: Commitments,
    private readonly clock: Clock,
  ) {}

  async preview(asking: Asking, input: InputOf<Routes['previewInvoice']>): Promise<Reply<InvoicePreview>> {
    const rated = await this.rate(asking, input);
    return rated.ok ? ok({ ...invoicePreview(rated.value), lines: [...invoicePreview(rated.value).lines] }) : rated;
  }

  async previewPdf(
    asking: Asking,
    input: InputOf<Routes['previewInvoice']>,
  ): Promise<Reply<{ readonly bytes: Buffer; readonly name: string }>> {
    const rated = await this.rate(asking, input);
    if (!rated.ok) return rated;
    const { account, rated: bill } = rated.value;
    return ok({
      bytes: await renderPdf(previewDocument(rated.value)),
      name: `${account.slug}-${bill.period.month}-preview.pdf`,
    });
  }

  async subscription(asking: Asking, { params }: InputOf<Routes['showSubscription']>): Promise<Reply<Subscription>> {
    const partner = await this.partners.idOf(asking, params.partner);
    if (!partner.ok) return partner;
    const account = await this.accounts.find(partner.value);
    if (!account) return err({ code: 'partner_not_found' });
    const plans = await this.subscriptions.plans(partner.value);
    return ok({
      partner: account.slug,
      timeZone: account.zone,
      anchorDay: account.anchorDay,
      started: iso(account.started),
      ended: isoOrNull(account.ended),
      segments: account.segments.map(({ prices, ...span }) => ({
        ...spanView(span),
        version: prices.version,
        plan: plans.get(prices.version)?.name ?? prices.version,
        planVersion: plans.get(prices.version)?.version ?? 1,
        currency: prices.currency,
        components: prices.components.map(({ id, kind, description, meters, measure, unit, price }) => ({
          id,
          kind,
          description,
          meters: [...meters],
          measure,
          unit,
          price: { ...writePriceModel(price) },
        })),
      })),
      commitments: (await this.commitments.list(partner.value)).map(({ id, amount, from, to }) => ({
        ...spanView({ from: from.getTime(), to: to?.getTime() ?? null }),
        id,
        amount,
      })),
      coupons: account.coupons.map((coupon) => ({
        ...spanView(coupon),
        id: coupon.id,
        description: coupon.description,
        ...(coupon.off === 'percent'
          ? { percent: formatDecimal(coupon.percent, 3) }
          : { amountMinor: Number(coupon.minor) }),
      })),
    });
  }

  private async rate(asking: Asking, { params, query }: InputOf<Routes['previewInvoice']>): Promise<Reply<RatedMonth>> {
    const partner = await this.partners.idOf(asking, params.partner);
    if (!partner.ok) return partner;
    const month = query.month ?? (await this.runningMonth(partner.value));
    const rated = await this.rating.rate(partner.value, month);
    return rated.ok ? rated : err(refusedByBilling(rated.error));
  }

  private async runningMonth(partnerId: string): Promise<string> {
    const account = await this.accounts.find(partnerId);
    return monthOf(this.clock.now(), account?.zone ?? 'UTC', account?.anchorDay);
  }
}

const NOT_FOUND: { readonly [What in Extract<BillingError, { code: 'notFound' }>['what']]?: ErrorCode } = {
  invoice: 'invoice_not_found',
  line: 'line_not_found',
  dispute: 'dispute_not_found',
  threshold: 'spend_threshold_not_found',
  priceList: 'price_list_not_found',
  commitment: 'commitment_not_found',
  coupon: 'coupon_not_found',
  taxRate: 'tax_rate_not_found',
};

/** Billing's refusals in the API's words. */
export function refusedByBilling(error: BillingError): Refusal {
  switch (error.code) {
    case 'invalid':
      return { code: 'invalid_value', errors: [{ field: error.field, reason: error.reason }] };
    case 'conflict':
      return { code: 'conflict', detail: error.what };
    case 'notFound':
      return { code: NOT_FOUND[error.what] ?? 'partner_not_found' };
  }
}

const iso = (instant: number): string => new Date(instant).toISOString();
const isoOrNull = (instant: number | null): string | null => (instant === null ? null : iso(instant));
const spanView = ({ from, to }: { from: number; to: number | null }) => ({ from: iso(from), to: isoOrNull(to) });
