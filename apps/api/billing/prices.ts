import type { InputOf, ROUTES, Subscription } from '#api-schema';
import type { Catalogue, Subscriptions } from '#billing/postgres';
import { type Clock, err, ok } from '#stdx';
import type { Reply } from '../http/refusal.ts';
import type { Asking } from '../http/request.ts';
import type { PartnerNames } from '../partners/partner-names.ts';
import { type Billing, refusedByBilling } from './billing.ts';
import { whenOf } from './terms.ts';

type Routes = typeof ROUTES;

/** Price lists, and who pays by which. */
export class Prices {
  constructor(
    private readonly partners: PartnerNames,
    private readonly catalogue: Catalogue,
    private readonly subscriptions: Subscriptions,
    private readonly billing: Billing,
    private readonly clock: Clock,
  ) {}

  async publish(
    asking: Asking,
    { body }: InputOf<Routes['publishPriceList']>,
  ): Promise<Reply<{ readonly id: string; readonly name: string }>> {
    const partner = body.partner === undefined ? ok(null) : await this.partners.idOf(asking, body.partner);
    if (!partner.ok) return partner;
    const { name, currency, components } = body;
    const published = await this.catalogue.publish({ partnerId: partner.value, name, currency, components });
    return published.ok ? ok({ id: published.value, name }) : err(refusedByBilling(published.error));
  }

  async change(asking: Asking, input: InputOf<Routes['changeSubscription']>): Promise<Reply<Subscription>> {
    const { params, body } = input;
    const partner = await this.partners.idOf(asking, params.partner);
    if (!partner.ok) return partner;
    const from = body.from === undefined ? this.clock.now() : whenOf(body.from);
    const changed = await this.subscriptions.change(partner.value, body.version, from, asking.context.actor);
    if (!changed.ok) return err(refusedByBilling(changed.error));
    return this.billing.subscription(asking, { ...input, body: undefined });
  }
}
