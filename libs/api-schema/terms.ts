import { z } from 'zod';
import { Subscription } from './billing.ts';
import { Instant, LocalDate, PageQuery, pageOf } from './page.ts';

const Month = z.string().regex(/^\d{4}-(0[1-9]|1[0-2])$/);
const Reason = z.string().min(1).max(200);

export const CancelSubscription = z
  .strictObject({
    at: LocalDate.nullable().describe('The first date that is not subscribed any more; null: it goes on after all'),
  })
  .meta({ id: 'CancelSubscription' });

export const Commitment = Subscription.shape.commitments.element.meta({ id: 'Commitment' });
export const Commitments = z.object({ items: z.array(Commitment) });
export const NewCommitment = z
  .strictObject({
    amount: z
      .string()
      .regex(/^\d{1,10}(\.\d{1,10})?$/)
      .describe('Decimal, major units a full month, in the currency of the prices'),
    from: LocalDate,
    to: LocalDate.exactOptional().describe('The first date it does not hold; default for ever'),
  })
  .meta({ id: 'NewCommitment' });
export const EndCommitment = z
  .strictObject({ at: LocalDate.describe('The first date it does not hold') })
  .meta({ id: 'EndCommitment' });

export const Coupon = Subscription.shape.coupons.element.meta({ id: 'Coupon' });
export const Coupons = z.object({ items: z.array(Coupon) });
export const NewCoupon = z
  .strictObject({
    description: z.string().min(1).max(200).describe('As invoices say it'),
    percent: z
      .string()
      .regex(/^\d{1,3}(\.\d{1,3})?$/)
      .exactOptional(),
    amountMinor: z.int().min(1).exactOptional().describe('Minor units a month, in the currency of the prices'),
    from: Month.describe('The first month, YYYY-MM'),
    months: z.int().min(1).max(1_200).exactOptional().describe('How many: 1 for once; default for ever'),
  })
  .refine(({ percent, amountMinor }) => (percent === undefined) !== (amountMinor === undefined), {
    error: 'a percentage or an amount',
  })
  .meta({ id: 'NewCoupon' });
export const EndCoupon = z
  .strictObject({
    month: Month.exactOptional().describe('The first month it takes nothing off; default the one after the running'),
  })
  .meta({ id: 'EndCoupon' });

const Treatment = z
  .enum(['standard', 'reverseCharge', 'outsideVat'])
  .describe('standard: as countries and VAT id say; the others: because an operator says so');

export const TaxTreatment = z
  .object({
    partner: z.string(),
    treatment: Treatment,
    reason: z.string().nullable().describe('Of outsideVat, as invoices say it'),
    country: z.string().nullable(),
    vatId: z.string().nullable(),
    effective: z
      .object({
        kind: z.enum(['rates', 'reverseCharge', 'outsideScope', 'unknown']),
        percents: z.record(z.string(), z.string()).describe('By tax class; empty without rates'),
        note: z.string().nullable().describe('Why no tax is charged, or why none is known'),
      })
      .describe('What the running month would be taxed by'),
  })
  .meta({ id: 'TaxTreatment' });
export const SetTaxTreatment = z
  .discriminatedUnion('treatment', [
    z.strictObject({ treatment: z.literal('standard') }),
    z.strictObject({ treatment: z.literal('reverseCharge') }),
    z.strictObject({ treatment: z.literal('outsideVat'), reason: Reason }),
  ])
  .meta({ id: 'SetTaxTreatment' });

const rate = {
  country: z
    .string()
    .regex(/^[A-Z]{2}$/)
    .describe('ISO 3166-1 alpha-2'),
  taxClass: z.string().regex(/^[a-z][a-z0-9-]{0,39}$/),
  percent: z.string().regex(/^\d{1,3}(\.\d{1,3})?$/),
  from: z.iso.date().describe('The first date; months are taxed by the rate of their last'),
};
export const TaxRate = z.object(rate).meta({ id: 'TaxRate' });
export const SetTaxRate = z.strictObject(rate).meta({ id: 'SetTaxRate' });
export const TaxRates = z.object({ items: z.array(TaxRate) });
export const TaxRateQuery = z.object({
  country: rate.country.exactOptional(),
});

const State = z.record(z.string(), z.unknown()).nullable();
export const BillingChange = z
  .object({
    id: z.string(),
    what: z.enum(['subscription', 'commitment', 'coupon', 'taxTreatment', 'taxRate']),
    actor: z.string().describe('Who changed it: apikey:<id>'),
    at: Instant,
    before: State.describe('null where there was nothing'),
    after: State.describe('null where nothing is left'),
  })
  .meta({ id: 'BillingChange' });
export const BillingChangeQuery = PageQuery;
export const BillingChanges = pageOf(BillingChange);

export type BillingChange = z.output<typeof BillingChange>;
export type Commitment = z.output<typeof Commitment>;
export type Coupon = z.output<typeof Coupon>;
export type TaxRate = z.output<typeof TaxRate>;
export type TaxTreatment = z.output<typeof TaxTreatment>;
