import type { InputOf, SpendPolicy as PolicyView, ROUTES, SpendThreshold as ThresholdView } from '#api-schema';
import type { SpendPolicies, SpendPolicy, SpendThreshold, SpendWatch } from '#billing/postgres';
import { err, ok } from '#stdx';
import { refusedByBilling } from '../billing/billing.ts';
import type { Reply } from '../http/refusal.ts';
import type { Asking } from '../http/request.ts';
import type { PartnerNames } from '../partners/partner-names.ts';

type Routes = typeof ROUTES;

/** What a partner wants to be told of its spending, and where it stops. */
export class Spend {
  constructor(
    private readonly partners: PartnerNames,
    private readonly policies: SpendPolicies,
    private readonly watch: SpendWatch,
  ) {}

  async show(asking: Asking, { params }: InputOf<Routes['showSpendPolicy']>): Promise<Reply<PolicyView>> {
    const partner = await this.partners.idOf(asking, params.partner);
    if (!partner.ok) return partner;
    return ok(await this.view(asking, partner.value, await this.policies.show(partner.value)));
  }

  async update(
    asking: Asking,
    { params, body }: InputOf<Routes['updateSpendPolicy']>,
    version: number | undefined,
  ): Promise<Reply<PolicyView>> {
    const partner = await this.partners.idOf(asking, params.partner);
    if (!partner.ok) return partner;
    const updated = await this.policies.update(partner.value, version, {
      budget: minorOf(body.budgetMinor),
      cap: body.cap,
      capMinor: minorOf(body.capMinor),
    });
    if (updated.ok) return ok(await this.view(asking, partner.value, updated.value));
    return err(updated.error.code === 'stale' ? { code: 'version_mismatch' } : refusedByBilling(updated.error));
  }

  async addThreshold(
    asking: Asking,
    { params, body }: InputOf<Routes['addSpendThreshold']>,
  ): Promise<Reply<ThresholdView>> {
    const partner = await this.partners.idOf(asking, params.partner);
    if (!partner.ok) return partner;
    const added = await this.policies.addThreshold(partner.value, {
      minor: minorOf(body.amountMinor) ?? null,
      percent: body.percent ?? null,
    });
    return added.ok ? ok(thresholdView(added.value)) : err(refusedByBilling(added.error));
  }

  async deleteThreshold(
    asking: Asking,
    { params }: InputOf<Routes['deleteSpendThreshold']>,
  ): Promise<Reply<undefined>> {
    const partner = await this.partners.idOf(asking, params.partner);
    if (!partner.ok) return partner;
    const gone = await this.policies.deleteThreshold(partner.value, params.threshold);
    return gone.ok ? ok(undefined) : err(refusedByBilling(gone.error));
  }

  async alerts(asking: Asking, { params, query }: InputOf<Routes['listSpendAlerts']>) {
    const partner = await this.partners.idOf(asking, params.partner);
    if (!partner.ok) return partner;
    const told = await this.policies.alerts(partner.value, query.limit, query.month);
    return ok({
      items: told.map(({ limit, spend, at, ...alert }) => ({
        ...alert,
        limitMinor: Number(limit),
        spendMinor: Number(spend),
        at: at.toISOString(),
      })),
    });
  }

  /** Refuses what would cost a partner more once its hard cap is reached, whoever asks: an operator raises the cap first. */
  async mayGrow(partnerId: string): Promise<Reply<undefined>> {
    const detail = await this.watch.refusal(partnerId);
    return detail === undefined ? ok(undefined) : err({ code: 'spend_cap_reached', detail });
  }

  private async view(asking: Asking, partnerId: string, policy: SpendPolicy): Promise<PolicyView> {
    return {
      partner: await this.partners.slugOf(asking, partnerId),
      budgetMinor: numberOf(policy.budget),
      cap: policy.cap,
      capMinor: numberOf(policy.capMinor),
      thresholds: policy.thresholds.map(thresholdView),
      version: policy.version,
    };
  }
}

const thresholdView = ({ id, minor, percent }: SpendThreshold): ThresholdView => ({
  id,
  amountMinor: numberOf(minor),
  percent,
});
const numberOf = (minor: bigint | null): number | null => (minor === null ? null : Number(minor));
const minorOf = <Missing extends null | undefined>(minor: number | Missing): bigint | Missing =>
  typeof minor === 'number' ? BigInt(minor) : minor;
