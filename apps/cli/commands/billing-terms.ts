import {
  type BillingChange,
  type Commitment,
  type Coupon,
  ROUTES,
  type Subscription,
  type TaxRate,
  type TaxTreatment,
} from '#api-schema';
import type { Command, Option, Output } from '../command.ts';
import { UsageError } from '../failure.ts';
import { fields, table } from '../table.ts';
import { done, given, LIMIT, limitOf, numberOf, wordOf } from './values.ts';

const FROM: Option = { type: 'value', value: 'DATE', summary: 'the first date, 2026-04-11 (today)' };
const read = (partner: string) => ({ params: { partner }, query: undefined, body: undefined });

/** An option that has to be there. */
function needed(name: string, text: string | undefined): string {
  if (text === undefined) throw new UsageError(`--${name} has to be given`);
  return text;
}

const subscriptionShown = (json: Subscription): Output => ({
  json,
  text: table(
    ['FROM', 'TO', 'PLAN', 'NO', 'VERSION', 'CURRENCY'],
    json.segments.map((segment) => [
      ...[segment.from, segment.to, segment.plan, segment.planVersion, segment.version, segment.currency],
    ]),
  ),
});
const commitmentsShown = (items: readonly Commitment[]): Output => ({
  json: items,
  text: table(
    ['COMMITMENT', 'FROM', 'TO', 'AMOUNT'],
    items.map(({ id, from, to, amount }) => [id, from, to, amount]),
  ),
});
const couponsShown = (items: readonly Coupon[]): Output => ({
  json: items,
  text: table(
    ['COUPON', 'FROM', 'TO', 'OFF', 'DESCRIPTION'],
    items.map(({ id, from, to, percent, amountMinor, description }) => [
      ...[id, from, to, percent === undefined ? `${amountMinor} minor units` : `${percent} %`, description],
    ]),
  ),
});
const taxShown = ({ effective, ...tax }: TaxTreatment): Output => {
  const percents = Object.entries(effective.percents).map(([name, percent]) => `${name} ${percent} %`);
  return {
    json: { ...tax, effective },
    text: fields({ ...tax, effective: [effective.kind, ...percents, effective.note ?? ''].join(' ').trim() }),
  };
};
const ratesShown = (items: readonly TaxRate[]): Output => ({
  json: items,
  text: table(
    ['COUNTRY', 'CLASS', 'FROM', 'PERCENT'],
    items.map(({ country, taxClass, from, percent }) => [country, taxClass, from, percent]),
  ),
});
const changesShown = (items: readonly BillingChange[]): Output => ({
  json: items,
  text: table(
    ['AT', 'WHO', 'WHAT', 'BEFORE', 'AFTER'],
    items.map(({ at, actor, what, before, after }) => [
      ...[at, actor, what, before && JSON.stringify(before), after && JSON.stringify(after)],
    ]),
  ),
});

/** `billing` verbs of what is agreed with a partner. Changing is for operators. */
export const termsVerbs: Readonly<Record<string, Command>> = {
  subscription: {
    args: ['PARTNER'],
    summary: 'which price list version a partner is on, since when',
    async run({ client, args: [partner = ''] }) {
      return subscriptionShown(await client.call(ROUTES.showSubscription, read(partner)));
    },
  },
  plan: {
    args: ['PARTNER', 'VERSION'],
    options: { from: FROM },
    summary: 'have a partner pay by a price list version from a date on',
    async run({ client, args: [partner = '', version = ''], values }) {
      const body = { version, ...given({ from: values['from'] }) };
      return subscriptionShown(await client.call(ROUTES.changeSubscription, { ...read(partner), body }));
    },
  },
  cancel: {
    args: ['PARTNER'],
    options: {
      at: { type: 'value', value: 'DATE', summary: 'the first date without it; never: it goes on after all' },
    },
    summary: 'end a subscription with a date',
    async run({ client, args: [partner = ''], values }) {
      const at = needed('at', values['at']);
      const body = { at: at === 'never' ? null : at };
      return subscriptionShown(await client.call(ROUTES.cancelSubscription, { ...read(partner), body }));
    },
  },
  commitments: {
    args: ['PARTNER'],
    summary: 'minimum commitments',
    async run({ client, args: [partner = ''] }) {
      return commitmentsShown((await client.call(ROUTES.listCommitments, read(partner))).items);
    },
  },
  commit: {
    args: ['PARTNER', 'AMOUNT'],
    options: {
      from: { ...FROM, summary: 'the first date it holds' },
      to: { ...FROM, summary: 'the first date it does not hold (never)' },
    },
    summary: 'agree on a least amount a month, 500.00',
    async run({ client, args: [partner = '', amount = ''], values }) {
      const body = { amount, from: needed('from', values['from']), ...given({ to: values['to'] }) };
      return commitmentsShown([await client.call(ROUTES.addCommitment, { ...read(partner), body })]);
    },
  },
  'end-commitment': {
    args: ['PARTNER', 'COMMITMENT'],
    options: { at: { ...FROM, summary: 'the first date it does not hold' } },
    summary: 'end it; one that never held goes altogether',
    async run({ client, args: [partner = '', commitment = ''], values }) {
      const input = { ...read(partner), params: { partner, commitment }, body: { at: needed('at', values['at']) } };
      return commitmentsShown((await client.call(ROUTES.endCommitment, input)).items);
    },
  },
  coupons: {
    args: ['PARTNER'],
    summary: 'coupons, in the order they apply',
    async run({ client, args: [partner = ''] }) {
      return couponsShown((await client.call(ROUTES.listCoupons, read(partner))).items);
    },
  },
  coupon: {
    args: ['PARTNER', 'DESCRIPTION'],
    options: {
      percent: { type: 'value', value: 'N', summary: 'off each month' },
      amount: { type: 'value', value: 'MINOR', summary: 'off each month, in minor units (cents)' },
      from: { type: 'value', value: 'MONTH', summary: 'the first, 2026-04' },
      months: { type: 'value', value: 'N', summary: 'how many, 1 for once (for ever)' },
    },
    summary: 'take something off',
    async run({ client, args: [partner = '', description = ''], values }) {
      const body = {
        description,
        from: needed('from', values['from']),
        ...given({
          percent: values['percent'],
          amountMinor: numberOf('amount', values['amount'], 1),
          months: numberOf('months', values['months'], 1),
        }),
      };
      return couponsShown([await client.call(ROUTES.addCoupon, { ...read(partner), body })]);
    },
  },
  'end-coupon': {
    args: ['PARTNER', 'COUPON'],
    options: { month: { type: 'value', value: 'MONTH', summary: 'the first without it (after the running one)' } },
    summary: 'end it; one that never held goes altogether',
    async run({ client, args: [partner = '', coupon = ''], values }) {
      const input = { ...read(partner), params: { partner, coupon }, body: given({ month: values['month'] }) };
      return couponsShown((await client.call(ROUTES.endCoupon, input)).items);
    },
  },
  tax: {
    args: ['PARTNER'],
    summary: 'how a partner is taxed',
    async run({ client, args: [partner = ''] }) {
      return taxShown(await client.call(ROUTES.showTaxTreatment, read(partner)));
    },
  },
  'set-tax': {
    args: ['PARTNER', 'TREATMENT'],
    options: { reason: { type: 'value', value: 'TEXT', summary: 'of outsideVat, as invoices say it' } },
    summary: 'standard, reverseCharge (by its VAT id) or outsideVat',
    async run({ client, args: [partner = '', word], values }) {
      const treatment = wordOf('treatment', word, ['standard', 'reverseCharge', 'outsideVat']) ?? 'standard';
      const body =
        treatment === 'outsideVat' ? { treatment, reason: needed('reason', values['reason']) } : { treatment };
      return taxShown(await client.call(ROUTES.setTaxTreatment, { ...read(partner), body }));
    },
  },
  'tax-rates': {
    args: [],
    options: { country: { type: 'value', value: 'CODE', summary: 'for example DE' } },
    summary: 'tax rates, each from its date on',
    async run({ client, values }) {
      const query = given({ country: values['country'] });
      return ratesShown((await client.call(ROUTES.listTaxRates, { params: {}, query, body: undefined })).items);
    },
  },
  'set-tax-rate': {
    args: ['COUNTRY', 'PERCENT'],
    options: {
      class: { type: 'value', value: 'CLASS', summary: 'tax class of the price component (standard)' },
      from: { ...FROM, summary: 'the first date' },
    },
    summary: 'set a rate from a date on; invoices already final stay as they are',
    async run({ client, args: [country = '', percent = ''], values }) {
      const body = { country, percent, taxClass: values['class'] ?? 'standard', from: needed('from', values['from']) };
      return ratesShown([await client.call(ROUTES.setTaxRate, { params: {}, query: undefined, body })]);
    },
  },
  'withdraw-tax-rate': {
    args: ['COUNTRY', 'FROM'],
    options: { class: { type: 'value', value: 'CLASS', summary: 'tax class (standard)' } },
    summary: 'take back a rate that is not in force yet',
    async run({ client, args: [country = '', from = ''], values }) {
      const params = { country, taxClass: values['class'] ?? 'standard', from };
      await client.call(ROUTES.withdrawTaxRate, { params, query: undefined, body: undefined });
      return done(`withdrawn: ${params.taxClass} of ${country} from ${from}`);
    },
  },
  changes: {
    args: [],
    options: { partner: { type: 'value', value: 'PARTNER', summary: 'its terms (without: tax rates)' }, limit: LIMIT },
    summary: 'who changed what of the terms, the newest first',
    async run(invocation) {
      const { client, values } = invocation;
      const limit = limitOf(invocation) ?? 100;
      const partner = values['partner'];
      if (partner === undefined) return changesShown(await client.all('listTaxRateChanges', {}, limit));
      return changesShown(await client.all('listBillingChanges', {}, limit, { partner }));
    },
  },
};
