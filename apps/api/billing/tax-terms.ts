import type { BillingChange, InputOf, ROUTES, TaxRate, TaxTreatment } from '#api-schema';
import type { BillingAccounts } from '#billing/api';
import type { BillingChanges, Taxes } from '#billing/postgres';
import { formatDecimal, monthOf } from '#billing/rating';
import { type Clock, err, ok } from '#stdx';
import type { Reply } from '../http/refusal.ts';
import type { Asking } from '../http/request.ts';
import type { PartnerNames } from '../partners/partner-names.ts';
import { refusedByBilling } from './billing.ts';
import { pageOfChanges } from './terms.ts';

type Routes = typeof ROUTES;

/** The operator's tax rates, and how a partner is taxed. */
export class TaxTerms {
  constructor(
    private readonly partners: PartnerNames,
    private readonly accounts: BillingAccounts,
    private readonly taxes: Taxes,
    private readonly changes: BillingChanges,
    private readonly clock: Clock,
  ) {}

  async showTaxTreatment(
    asking: Asking,
    { params }: Pick<InputOf<Routes['showTaxTreatment']>, 'params'>,
  ): Promise<Reply<TaxTreatment>> {
    const partner = await this.partners.idOf(asking, params.partner);
    if (!partner.ok) return partner;
    return ok({
      partner: await this.partners.slugOf(asking, partner.value),
      ...(await this.taxes.treatment(partner.value)),
      effective: await this.effective(partner.value),
    });
  }

  async setTaxTreatment(
    asking: Asking,
    { params, body }: InputOf<Routes['setTaxTreatment']>,
  ): Promise<Reply<TaxTreatment>> {
    const partner = await this.partners.idOf(asking, params.partner);
    if (!partner.ok) return partner;
    const set = await this.taxes.setTreatment(partner.value, body, asking.context.actor);
    return set.ok ? this.showTaxTreatment(asking, { params }) : err(refusedByBilling(set.error));
  }

  async listTaxRates(
    _asking: Asking,
    { query }: InputOf<Routes['listTaxRates']>,
  ): Promise<Reply<{ items: TaxRate[] }>> {
    return ok({ items: await this.taxes.rates(query.country) });
  }

  async setTaxRate(asking: Asking, { body }: InputOf<Routes['setTaxRate']>): Promise<Reply<TaxRate>> {
    const set = await this.taxes.setRate(body, asking.context.actor);
    return set.ok ? ok(set.value) : err(refusedByBilling(set.error));
  }

  async withdrawTaxRate(asking: Asking, { params }: InputOf<Routes['withdrawTaxRate']>): Promise<Reply<void>> {
    const withdrawn = await this.taxes.withdrawRate(params, asking.context.actor);
    return withdrawn.ok ? withdrawn : err(refusedByBilling(withdrawn.error));
  }

  async listTaxRateChanges(
    _asking: Asking,
    { query }: InputOf<Routes['listTaxRateChanges']>,
  ): Promise<Reply<{ items: BillingChange[]; next?: string }>> {
    return ok(await pageOfChanges(this.changes, null, query));
  }

  private async effective(partnerId: string): Promise<TaxTreatment['effective']> {
    const known = await this.accounts.find(partnerId);
    const month = monthOf(this.clock.now(), known?.zone ?? 'UTC', known?.anchorDay);
    const account = await this.accounts.find(partnerId, month);
    try {
      const tax = account?.tax;
      if (tax?.kind === 'rates') {
        const percents = Object.fromEntries([...tax.percents].map(([name, percent]) => [name, formatDecimal(percent)]));
        return { kind: 'rates', percents, note: null };
      }
      if (tax?.kind === 'outsideScope') return { kind: 'outsideScope', percents: {}, note: tax.reason };
      return { kind: 'reverseCharge', percents: {}, note: null };
    } catch (error) {
      // A rate that is missing: bills wait for it, and whoever looks is told which.
      if (error instanceof RangeError) return { kind: 'unknown', percents: {}, note: error.message };
      throw error;
    }
  }
}
