import type { BillingChange as ChangeView, Commitment, Coupon, InputOf, ROUTES, Subscription } from '#api-schema';
import type {
  AgreedCommitment,
  AgreedCoupon,
  BillingChanges,
  Commitments,
  Coupons,
  Subscriptions,
} from '#billing/postgres';
import { err, ok } from '#stdx';
import type { Reply } from '../http/refusal.ts';
import type { Asking } from '../http/request.ts';
import type { PartnerNames } from '../partners/partner-names.ts';
import { type Billing, refusedByBilling } from './billing.ts';

type Routes = typeof ROUTES;

/** What is agreed with a partner besides its prices, and who changed it. */
export class Terms {
  constructor(
    private readonly partners: PartnerNames,
    private readonly billing: Billing,
    private readonly subscriptions: Subscriptions,
    private readonly commitments: Commitments,
    private readonly coupons: Coupons,
    private readonly changes: BillingChanges,
  ) {}

  async cancelSubscription(asking: Asking, input: InputOf<Routes['cancelSubscription']>): Promise<Reply<Subscription>> {
    const partner = await this.partners.idOf(asking, input.params.partner);
    if (!partner.ok) return partner;
    const at = input.body.at === null ? null : whenOf(input.body.at);
    const ended = await this.subscriptions.cancel(partner.value, at, asking.context.actor);
    if (!ended.ok) return err(refusedByBilling(ended.error));
    return this.billing.subscription(asking, { ...input, body: undefined });
  }

  async listCommitments(
    asking: Asking,
    { params }: Pick<InputOf<Routes['listCommitments']>, 'params'>,
  ): Promise<Reply<{ items: Commitment[] }>> {
    const partner = await this.partners.idOf(asking, params.partner);
    if (!partner.ok) return partner;
    return ok({ items: (await this.commitments.list(partner.value)).map(commitmentView) });
  }

  async addCommitment(asking: Asking, { params, body }: InputOf<Routes['addCommitment']>): Promise<Reply<Commitment>> {
    const partner = await this.partners.idOf(asking, params.partner);
    if (!partner.ok) return partner;
    const { amount, from, to } = body;
    const commitment = { amount, from: whenOf(from), to: to === undefined ? null : whenOf(to) };
    const added = await this.commitments.add(partner.value, commitment, asking.context.actor);
    return added.ok ? ok(commitmentView(added.value)) : err(refusedByBilling(added.error));
  }

  async endCommitment(
    asking: Asking,
    { params, body }: InputOf<Routes['endCommitment']>,
  ): Promise<Reply<{ items: Commitment[] }>> {
    const partner = await this.partners.idOf(asking, params.partner);
    if (!partner.ok) return partner;
    const { actor } = asking.context;
    const ended = await this.commitments.end(partner.value, params.commitment, whenOf(body.at), actor);
    return ended.ok ? this.listCommitments(asking, { params }) : err(refusedByBilling(ended.error));
  }

  async listCoupons(
    asking: Asking,
    { params }: Pick<InputOf<Routes['listCoupons']>, 'params'>,
  ): Promise<Reply<{ items: Coupon[] }>> {
    const partner = await this.partners.idOf(asking, params.partner);
    if (!partner.ok) return partner;
    return ok({ items: (await this.coupons.list(partner.value)).map(couponView) });
  }

  async addCoupon(asking: Asking, { params, body }: InputOf<Routes['addCoupon']>): Promise<Reply<Coupon>> {
    const partner = await this.partners.idOf(asking, params.partner);
    if (!partner.ok) return partner;
    const { description, percent, amountMinor, from, months } = body;
    const coupon = {
      description,
      off: percent === undefined ? { minor: BigInt(amountMinor ?? 0) } : { percent },
      month: from,
      months: months ?? null,
    };
    const added = await this.coupons.add(partner.value, coupon, asking.context.actor);
    return added.ok ? ok(couponView(added.value)) : err(refusedByBilling(added.error));
  }

  async endCoupon(asking: Asking, { params, body }: InputOf<Routes['endCoupon']>): Promise<Reply<{ items: Coupon[] }>> {
    const partner = await this.partners.idOf(asking, params.partner);
    if (!partner.ok) return partner;
    const ended = await this.coupons.end(partner.value, params.coupon, body.month, asking.context.actor);
    return ended.ok ? this.listCoupons(asking, { params }) : err(refusedByBilling(ended.error));
  }

  async listBillingChanges(
    asking: Asking,
    { params, query }: InputOf<Routes['listBillingChanges']>,
  ): Promise<Reply<{ items: ChangeView[]; next?: string }>> {
    const partner = await this.partners.idOf(asking, params.partner);
    return partner.ok ? ok(await pageOfChanges(this.changes, partner.value, query)) : partner;
  }
}

/** Dates are taken as they are, instants by the zone. */
export const whenOf = (text: string): string | number => (text.length === 10 ? text : Date.parse(text));

const spanView = ({ from, to }: { from: Date; to: Date | null }) => ({
  from: from.toISOString(),
  to: to?.toISOString() ?? null,
});
const commitmentView = ({ id, amount, ...span }: AgreedCommitment): Commitment => ({ ...spanView(span), id, amount });
const couponView = ({ id, description, percent, minor, ...span }: AgreedCoupon): Coupon => ({
  ...spanView(span),
  id,
  description,
  ...(percent === null ? { amountMinor: Number(minor) } : { percent }),
});

/** One page of the record of changes; the cursor is the last one's number. */
export async function pageOfChanges(
  changes: BillingChanges,
  partnerId: string | null,
  { limit, after }: { readonly limit: number; readonly after?: string },
): Promise<{ items: ChangeView[]; next?: string }> {
  // A cursor that is no number is one of no list of ours: it comes before nothing.
  const before = after === undefined ? undefined : /^\d{1,18}$/.test(after) ? after : '0';
  const found = await changes.list(partnerId, limit + 1, before);
  const items = found.slice(0, limit).map(({ id, what, actor, changedAt, ...states }) => ({
    id,
    what,
    actor,
    at: changedAt.toISOString(),
    before: states.before && { ...states.before },
    after: states.after && { ...states.after },
  }));
  const last = items.at(-1);
  return found.length > limit && last ? { items, next: last.id } : { items };
}
