import type { BillingSeller, InputOf, BillingProfile as ProfileView, ROUTES } from '#api-schema';
import type { BillingProfile, BillingProfiles as Profiles, Seller, SellerProfile } from '#billing/postgres';
import { err, ok } from '#stdx';
import type { Reply } from '../http/refusal.ts';
import type { Asking } from '../http/request.ts';
import type { PartnerNames } from '../partners/partner-names.ts';

type Routes = typeof ROUTES;

/** What the partner owes to itself is its own to change; what it owes us is not. */
const OPERATORS = ['graceHours', 'paymentDays', 'reminded', 'suspendable', 'disputePauses'] as const;

export class BillingProfiles {
  constructor(
    private readonly partners: PartnerNames,
    private readonly profiles: Profiles,
    private readonly seller: Seller,
  ) {}

  async show(asking: Asking, { params }: InputOf<Routes['showBillingProfile']>): Promise<Reply<ProfileView>> {
    const partner = await this.partners.idOf(asking, params.partner);
    if (!partner.ok) return partner;
    return ok(await this.view(asking, partner.value, await this.profiles.show(partner.value)));
  }

  async update(
    asking: Asking,
    { params, body }: InputOf<Routes['updateBillingProfile']>,
    version: number | undefined,
  ): Promise<Reply<ProfileView>> {
    const partner = await this.partners.idOf(asking, params.partner);
    if (!partner.ok) return partner;
    const forbidden = OPERATORS.find((field) => body[field] !== undefined);
    if (forbidden !== undefined && !asking.key.scopes.includes('operator'))
      return err({ code: 'forbidden', detail: `${forbidden} is the operator’s to change` });
    const updated = await this.profiles.update(partner.value, version, body);
    return updated.ok ? ok(await this.view(asking, partner.value, updated.value)) : err({ code: 'version_mismatch' });
  }

  async showSeller(): Promise<Reply<BillingSeller>> {
    return ok(sellerView(await this.seller.show()));
  }

  async updateSeller(
    { body }: InputOf<Routes['updateBillingSeller']>,
    version: number | undefined,
  ): Promise<Reply<BillingSeller>> {
    const updated = await this.seller.update(version, body);
    return updated.ok ? ok(sellerView(updated.value)) : err({ code: 'version_mismatch' });
  }

  private async view(
    asking: Asking,
    partnerId: string,
    { address, ...profile }: BillingProfile & { readonly version: number },
  ): Promise<ProfileView> {
    return { partner: await this.partners.slugOf(asking, partnerId), address: [...address], ...profile };
  }
}

const sellerView = ({ address, ...seller }: SellerProfile & { readonly version: number }): BillingSeller => ({
  ...seller,
  address: [...address],
});
